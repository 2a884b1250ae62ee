#include <openssl/evp.h>

#include <algorithm>
#include <cstring>

#include "engine/base/error.h"
#include "engine/sampling/internal/aes_ctr.h"

namespace serdab::sampling::internal {
namespace {

void check(int ok) {
  base::require(ok == 1, base::ErrorCode::kUnsupported, "OpenSSL refused AES-256-CTR");
}

class AesCtrOpenSsl : public AesCtr {
 public:
  AesCtrOpenSsl(const Seed& key, std::uint64_t stream) {
    std::uint8_t counter[16] = {};
    for (std::size_t i = 0; i < 8; ++i)
      counter[i] = static_cast<std::uint8_t>(stream >> (56 - 8 * i));
    check(context_ == nullptr ? 0
                              : EVP_EncryptInit_ex(context_.get(), EVP_aes_256_ctr(), nullptr,
                                                   key.bytes.data(), counter));
  }

  void next(std::span<std::uint8_t> out) override {
    constexpr std::size_t kChunk = std::size_t{1} << 14;  // zeroed and encrypted in cache
    while (!out.empty()) {
      const auto chunk = out.first(std::min(kChunk, out.size()));
      std::memset(chunk.data(), 0, chunk.size());
      int written = 0;
      check(EVP_EncryptUpdate(context_.get(), chunk.data(), &written, chunk.data(),
                              static_cast<int>(chunk.size())));
      out = out.subspan(chunk.size());
    }
  }

 private:
  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const {
      EVP_CIPHER_CTX_free(context);  // clears the key schedule
    }
  };
  std::unique_ptr<EVP_CIPHER_CTX, Free> context_{EVP_CIPHER_CTX_new()};
};

}  // namespace

std::unique_ptr<AesCtr> make_aes_ctr(const Seed& key, std::uint64_t stream) {
  return std::make_unique<AesCtrOpenSsl>(key, stream);
}

}  // namespace serdab::sampling::internal
