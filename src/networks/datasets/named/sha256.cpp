#include "networks/datasets/named/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>

#include "engine/base/error.h"

namespace serdab::datasets {
namespace {

class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    if (context_ == nullptr || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
      fail();
  }
  void update(const void* data, std::size_t size) {
    if (EVP_DigestUpdate(context_.get(), data, size) != 1) fail();
  }
  std::string hex() {
    std::array<unsigned char, 32> bytes;
    if (EVP_DigestFinal_ex(context_.get(), bytes.data(), nullptr) != 1) fail();
    std::string text;
    for (unsigned char byte : bytes) {
      text += "0123456789abcdef"[byte >> 4];
      text += "0123456789abcdef"[byte & 15];
    }
    return text;
  }

 private:
  [[noreturn]] static void fail() {
    base::fail(base::ErrorCode::kIo, "SHA-256 is not available from OpenSSL");
  }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string sha256(const Bytes& bytes) {
  Digest digest;
  digest.update(bytes.data(), bytes.size());
  return digest.hex();
}

std::string sha256_of_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream || std::filesystem::is_directory(file)) {
    base::fail(base::ErrorCode::kIo, file.string() + ": cannot be read");
  }
  Digest digest;
  std::vector<char> chunk(std::size_t{1} << 20);
  while (stream.read(chunk.data(), static_cast<std::streamsize>(chunk.size())),
         stream.gcount() > 0) {
    digest.update(chunk.data(), static_cast<std::size_t>(stream.gcount()));
  }
  return digest.hex();
}

}  // namespace serdab::datasets
