#include "engine/sampling/prng.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/sampling/internal/aes_ctr.h"

namespace serdab::sampling {

// The cipher writes bytes; words are read from them as they lie.
static_assert(std::endian::native == std::endian::little);

Prng::Prng(const Seed& seed, std::uint64_t stream)
    : cipher_(internal::make_aes_ctr(seed, stream)), words_(kWords) {}

Prng::Prng(Prng&&) noexcept = default;
Prng& Prng::operator=(Prng&&) noexcept = default;
Prng::~Prng() = default;

void Prng::expand(std::uint64_t* out, std::size_t words) {
  cipher_->next({reinterpret_cast<std::uint8_t*>(out), words * 8});
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
