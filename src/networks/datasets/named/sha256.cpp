#include "networks/datasets/named/sha256.h"

#include <fstream>

#include "engine/base/error.h"
#include "engine/base/hex.h"
#include "engine/base/sha256.h"

namespace serdab::datasets {

std::string sha256(const Bytes& bytes) { return base::to_hex(base::sha256(bytes)); }

std::string sha256_of_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream || std::filesystem::is_directory(file)) {
    base::fail(base::ErrorCode::kIo, file.string() + ": cannot be read");
  }
  base::Sha256 hasher;
  std::vector<std::uint8_t> chunk(std::size_t{1} << 20);
  while (stream.read(reinterpret_cast<char*>(chunk.data()),
                     static_cast<std::streamsize>(chunk.size())),
         stream.gcount() > 0) {
    hasher.update(std::span(chunk).first(static_cast<std::size_t>(stream.gcount())));
  }
  return base::to_hex(hasher.finish());
}

}  // namespace serdab::datasets
