#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "engine/sampling/internal/aes_bitsliced.h"
#include "engine/sampling/internal/aes_ctr.h"
#include "engine/sampling/seed.h"

namespace serdab::sampling::internal {

/// The stream from AesBitsliced.
class AesCtrBitsliced : public AesCtr {
 public:
  AesCtrBitsliced(const Seed& key, std::uint64_t stream) : aes_(key.bytes), stream_(stream) {}
  ~AesCtrBitsliced() override;
  AesCtrBitsliced(const AesCtrBitsliced&) = delete;
  AesCtrBitsliced& operator=(const AesCtrBitsliced&) = delete;

  void next(std::span<std::uint8_t> out) override;

 private:
  static constexpr std::size_t kBytes = AesBitsliced::kBlock * AesBitsliced::kBlocks;
  void refill();

  AesBitsliced aes_;
  std::uint64_t stream_;
  std::uint64_t counter_ = 0;  ///< of the next block; a stream ends before it wraps
  std::array<std::uint8_t, kBytes> bytes_{};
  std::size_t position_ = kBytes;
};

}  // namespace serdab::sampling::internal
