#include "seal_random.h"

#include <openssl/evp.h>

#include <cstring>
#include <limits>
#include <memory>

#include "blake2.h"
#include "engine/base/error.h"

namespace serdab::oracle {
namespace {

constexpr std::size_t kBlockBytes = 4096;

std::span<const std::uint8_t> bytes_of(std::span<const std::uint64_t> words) {
  return {reinterpret_cast<const std::uint8_t*>(words.data()), words.size_bytes()};
}

Bytes shake256(std::span<const std::uint8_t> message, std::size_t bytes) {
  Bytes out(bytes);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  const bool ok = EVP_DigestInit_ex(context.get(), EVP_shake256(), nullptr) == 1 &&
                  EVP_DigestUpdate(context.get(), message.data(), message.size()) == 1 &&
                  EVP_DigestFinalXOF(context.get(), out.data(), out.size()) == 1;
  base::require(ok, base::ErrorCode::kUnsupported, "OpenSSL refused SHAKE256");
  return out;
}

/// SEAL's generators hand out blocks of 4096 bytes, numbered from 0.
class Stream {
 public:
  explicit Stream(const SealSeed& seed) : seed_(seed) {
    base::require(seed.generator == 1 || seed.generator == 2, base::ErrorCode::kUnsupported,
                  "SEAL object: unknown random generator");
  }
  std::uint64_t next() {
    if (position_ == block_.size()) refill();
    std::uint64_t word;
    std::memcpy(&word, block_.data() + position_, 8);
    position_ += 8;
    return word;
  }

 private:
  void refill() {
    if (seed_.generator == 1) {
      block_ = blake2xb(kBlockBytes, bytes_of(seed_.words), bytes_of({&counter_, 1}));
    } else {
      std::array<std::uint64_t, 9> input;
      std::copy(seed_.words.begin(), seed_.words.end(), input.begin());
      input[8] = counter_;
      block_ = shake256(bytes_of(input), kBlockBytes);
    }
    ++counter_;
    position_ = 0;
  }

  SealSeed seed_;
  std::uint64_t counter_ = 0;
  Bytes block_;
  std::size_t position_ = 0;
};

}  // namespace

ParmsId parms_id(std::uint64_t n, std::span<const std::uint64_t> primes) {
  std::vector<std::uint64_t> words = {2, n};
  words.insert(words.end(), primes.begin(), primes.end());
  words.push_back(0);
  const auto digest = blake2b(32, {}, bytes_of(words));
  ParmsId id;
  std::memcpy(id.data(), digest.data(), digest.size());
  return id;
}

std::vector<std::uint64_t> expand_seed(const SealSeed& seed, std::uint64_t n,
                                       std::span<const std::uint64_t> primes) {
  Stream stream(seed);
  std::vector<std::uint64_t> words(n * primes.size());
  for (auto& word : words) word = stream.next();
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::uint64_t q = primes[i / n];
    while (words[i] >= kMax - kMax % q - 1) words[i] = stream.next();
    words[i] %= q;
  }
  return words;
}

}  // namespace serdab::oracle
