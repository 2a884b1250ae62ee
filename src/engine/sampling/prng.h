#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "engine/base/buffer.h"
#include "engine/sampling/seed.h"

namespace serdab::sampling {

namespace internal {
class AesCtr;
}

/// A stream of random words: AES-256 in counter mode, key = seed, first counter block =
/// stream id (8 bytes, big-endian) followed by 8 zero bytes, counting up as a big-endian integer;
/// words are read from the key stream little-endian. The same (seed, stream) gives the same words
/// on every machine; distinct streams of one seed are independent. One stream yields at most 2^67
/// bytes. Belongs to one thread at a time; moves only; its buffered words are zeroed.
class Prng {
 public:
  Prng(const Seed& seed, std::uint64_t stream);
  /// A stream of its own from the operating system's randomness.
  static Prng from_system() { return Prng(Seed::from_system(), 0); }
  Prng(Prng&&) noexcept;
  Prng& operator=(Prng&&) noexcept;
  ~Prng();

  std::uint64_t next_u64() {
    if (position_ == kWords) refill();
    return words_[position_++];
  }
  /// The next words of the stream, the same as that many calls of next_u64().
  void fill(std::span<std::uint64_t> out);
  /// A seed for something that needs a stream of its own.
  Seed next_seed();

 private:
  void refill();
  void expand(std::uint64_t* out, std::size_t words);

  static constexpr std::size_t kWords = 1024;
  std::unique_ptr<internal::AesCtr> cipher_;
  base::SecretBuffer<std::uint64_t> words_;
  std::size_t position_ = kWords;
};

}  // namespace serdab::sampling
