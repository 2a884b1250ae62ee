#include "networks/datasets/formats/bytes.h"

#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>

#include "engine/base/error.h"

namespace serdab::datasets {

using base::ErrorCode;

void corrupt(const std::filesystem::path& file, const std::string& what) {
  base::fail(ErrorCode::kCorrupt, file.string() + ": " + what);
}

namespace {

[[noreturn]] void too_large(const std::string& name, std::size_t limit) {
  base::fail(ErrorCode::kLimit,
             name + ": is larger than the " + std::to_string(limit) + " bytes that are read");
}

Bytes read_file(const std::filesystem::path& file, std::size_t limit) {
  std::error_code status;
  const bool regular = std::filesystem::is_regular_file(file, status);
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  if (!regular || !stream) {
    base::fail(ErrorCode::kIo, file.string() + ": cannot be read");
  }
  const auto size = static_cast<std::size_t>(stream.tellg());
  if (size > limit) too_large(file.string(), limit);
  Bytes bytes(size);
  stream.seekg(0);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!stream) base::fail(ErrorCode::kIo, file.string() + ": cannot be read");
  return bytes;
}

struct Inflater {
  z_stream stream{};
  Inflater() {
    if (inflateInit2(&stream, 15 + 16) != Z_OK) {
      base::fail(ErrorCode::kLimit, "zlib: no memory");
    }
  }
  ~Inflater() { inflateEnd(&stream); }
};

}  // namespace

Bytes gunzip(const Bytes& compressed, std::size_t limit, const std::string& name) {
  Inflater inflater;
  z_stream& z = inflater.stream;
  z.next_in = const_cast<Bytef*>(compressed.data());
  z.avail_in = static_cast<uInt>(compressed.size());
  Bytes result;
  Bytes chunk(std::size_t{1} << 18);
  while (true) {
    z.next_out = chunk.data();
    z.avail_out = static_cast<uInt>(chunk.size());
    const int status = inflate(&z, Z_NO_FLUSH);
    const std::size_t produced = chunk.size() - z.avail_out;
    if (result.size() + produced > limit) too_large(name, limit);
    result.insert(result.end(), chunk.begin(),
                  chunk.begin() + static_cast<std::ptrdiff_t>(produced));
    if (status == Z_STREAM_END) break;
    if (status != Z_OK) corrupt(name, "the gzip data are damaged or cut short");
  }
  if (z.avail_in != 0) corrupt(name, "bytes follow the end of the gzip data");
  return result;
}

Bytes read_bytes(const std::filesystem::path& file, std::size_t limit) {
  Bytes bytes = read_file(file, limit);
  const bool zipped = bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
  return zipped ? gunzip(bytes, limit, file.string()) : bytes;
}

}  // namespace serdab::datasets
