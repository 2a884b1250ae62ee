#include "engine/sampling/internal/aes_ctr_bitsliced.h"

#include <algorithm>

#include "engine/base/secure_zero.h"

namespace serdab::sampling::internal {
namespace {

void store_big_endian(std::uint64_t value, std::uint8_t* out) {
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
}

}  // namespace

AesCtrBitsliced::~AesCtrBitsliced() { base::secure_zero(bytes_.data(), bytes_.size()); }

void AesCtrBitsliced::refill() {
  for (std::size_t i = 0; i < AesBitsliced::kBlocks; ++i) {
    std::uint8_t* block = bytes_.data() + i * AesBitsliced::kBlock;
    store_big_endian(stream_, block);
    store_big_endian(counter_++, block + 8);
  }
  aes_.encrypt(bytes_);
  position_ = 0;
}

void AesCtrBitsliced::next(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    if (position_ == kBytes) refill();
    const std::size_t count = std::min(kBytes - position_, out.size());
    std::copy_n(bytes_.data() + position_, count, out.data());
    position_ += count;
    out = out.subspan(count);
  }
}

}  // namespace serdab::sampling::internal
