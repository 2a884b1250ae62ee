#include "networks/datasets/formats/zip.h"

#include <zlib.h>

#include "engine/base/error.h"

namespace serdab::datasets {
namespace {

/// Little-endian fields at any position, refused outside the file.
class Fields {
 public:
  Fields(const Bytes& bytes, const std::filesystem::path& file) : bytes_(bytes), file_(file) {}

  std::uint32_t number(std::size_t at, std::size_t width) const {
    check(at, width);
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value |= std::uint32_t{bytes_[at + i]} << (8 * i);
    return value;
  }
  std::string text(std::size_t at, std::size_t size) const {
    check(at, size);
    return {reinterpret_cast<const char*>(bytes_.data()) + at, size};
  }
  const std::uint8_t* data(std::size_t at, std::size_t size) const {
    check(at, size);
    return bytes_.data() + at;
  }

 private:
  void check(std::size_t at, std::size_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at)
      corrupt(file_, "the ZIP archive is cut short");
  }
  const Bytes& bytes_;
  const std::filesystem::path& file_;
};

/// The end-of-directory record: searched from the end over the longest comment that ZIP allows.
std::size_t find_directory_end(const Bytes& bytes, const Fields& fields,
                               const std::filesystem::path& file) {
  constexpr std::size_t kRecord = 22, kLongestComment = 65535;
  for (std::size_t back = kRecord; back <= bytes.size() && back <= kRecord + kLongestComment;
       ++back) {
    if (fields.number(bytes.size() - back, 4) == 0x06054b50) return bytes.size() - back;
  }
  corrupt(file, "is no ZIP archive");
}

Bytes inflate_member(const std::uint8_t* data, std::size_t packed, std::size_t size,
                     const std::filesystem::path& file, const std::string& name) {
  Bytes result(size);
  z_stream z{};
  if (inflateInit2(&z, -15) != Z_OK) base::fail(base::ErrorCode::kLimit, "zlib: no memory");
  z.next_in = const_cast<Bytef*>(data);
  z.avail_in = static_cast<uInt>(packed);
  z.next_out = result.data();
  z.avail_out = static_cast<uInt>(size);
  const int status = inflate(&z, Z_FINISH);
  const bool whole = status == Z_STREAM_END && z.avail_out == 0;
  inflateEnd(&z);
  if (!whole) corrupt(file, "member '" + name + "' is damaged");
  return result;
}

}  // namespace

std::map<std::string, Bytes> read_zip(const std::filesystem::path& file, std::size_t limit) {
  const Bytes bytes = read_bytes(file, limit);
  const Fields fields(bytes, file);
  const std::size_t end = find_directory_end(bytes, fields, file);
  const std::size_t count = fields.number(end + 10, 2);
  std::size_t at = fields.number(end + 16, 4), total = 0;
  std::map<std::string, Bytes> members;
  for (std::size_t i = 0; i < count; ++i) {
    if (fields.number(at, 4) != 0x02014b50) corrupt(file, "the ZIP directory is damaged");
    const std::uint32_t method = fields.number(at + 10, 2), checksum = fields.number(at + 16, 4);
    const std::size_t packed = fields.number(at + 20, 4), size = fields.number(at + 24, 4);
    const std::size_t name_size = fields.number(at + 28, 2);
    const std::string name = fields.text(at + 46, name_size);
    const std::size_t local = fields.number(at + 42, 4);
    if (size > limit || (total += size) > limit) {
      base::fail(base::ErrorCode::kLimit, file.string() + ": unpacks to more than is read");
    }
    const std::size_t data =
        local + 30 + fields.number(local + 26, 2) + fields.number(local + 28, 2);
    const std::uint8_t* begin = fields.data(data, packed);
    Bytes content;
    if (method == 8) {
      content = inflate_member(begin, packed, size, file, name);
    } else if (method == 0 && packed == size) {
      content.assign(begin, begin + size);
    } else {
      corrupt(file, "member '" + name + "' has an unknown compression");
    }
    if (crc32(0, content.data(), static_cast<uInt>(content.size())) != checksum) {
      corrupt(file, "member '" + name + "' fails its checksum");
    }
    members[name] = std::move(content);
    at += 46 + name_size + fields.number(at + 30, 2) + fields.number(at + 32, 2);
  }
  return members;
}

}  // namespace serdab::datasets
