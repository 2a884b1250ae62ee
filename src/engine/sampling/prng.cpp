#include "engine/sampling/prng.h"

#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/base/error.h"

namespace serdab::sampling {

// OpenSSL writes bytes; words are read from them as they lie.
static_assert(std::endian::native == std::endian::little);

struct Prng::Cipher {
  Cipher() : context(EVP_CIPHER_CTX_new()) {}
  ~Cipher() { EVP_CIPHER_CTX_free(context); }  // clears the key schedule
  EVP_CIPHER_CTX* context;
};

Prng::Prng(const Seed& seed, std::uint64_t stream)
    : cipher_(std::make_unique<Cipher>()), words_(kWords) {
  std::uint8_t counter[16] = {};
  for (std::size_t i = 0; i < 8; ++i)
    counter[i] = static_cast<std::uint8_t>(stream >> (56 - 8 * i));
  const int ok = cipher_->context == nullptr
                     ? 0
                     : EVP_EncryptInit_ex(cipher_->context, EVP_aes_256_ctr(), nullptr,
                                          seed.bytes.data(), counter);
  base::require(ok == 1, base::ErrorCode::kUnsupported, "OpenSSL refused AES-256-CTR");
}

Prng::Prng(Prng&&) noexcept = default;
Prng& Prng::operator=(Prng&&) noexcept = default;
Prng::~Prng() = default;

void Prng::expand(std::uint64_t* out, std::size_t words) {
  constexpr std::size_t kChunk = std::size_t{1} << 11;  // 16 KiB, zeroed and encrypted in cache
  for (std::size_t done = 0; done < words; done += kChunk) {
    const std::size_t count = std::min(kChunk, words - done);
    auto* bytes = reinterpret_cast<unsigned char*>(out + done);
    std::memset(bytes, 0, count * 8);
    int written = 0;
    const int ok =
        EVP_EncryptUpdate(cipher_->context, bytes, &written, bytes, static_cast<int>(count * 8));
    base::require(ok == 1, base::ErrorCode::kUnsupported, "OpenSSL refused AES-256-CTR");
  }
}

void Prng::refill() {
  expand(words_.data(), kWords);
  position_ = 0;
}

void Prng::fill(std::span<std::uint64_t> out) {
  const std::size_t buffered = std::min(kWords - position_, out.size());
  std::copy_n(words_.data() + position_, buffered, out.data());
  position_ += buffered;
  if (buffered < out.size()) expand(out.data() + buffered, out.size() - buffered);
}

Seed Prng::next_seed() {
  Seed seed;
  for (std::size_t i = 0; i < Seed::kBytes; i += 8) {
    const std::uint64_t word = next_u64();
    std::memcpy(seed.bytes.data() + i, &word, 8);
  }
  return seed;
}

}  // namespace serdab::sampling
