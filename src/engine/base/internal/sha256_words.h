#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/sha256.h"

namespace serdab::base::internal {

/// SHA-256 as FIPS 180-4 writes it, in 32-bit words and nothing else: for targets without OpenSSL,
/// and compiled everywhere so that the tests hold it against OpenSSL.
class Sha256Words {
 public:
  void update(std::span<const std::uint8_t> bytes);
  Sha256Digest finish();

 private:
  void compress(const std::uint8_t* block);

  std::array<std::uint32_t, 8> hash_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> block_{};
  std::size_t filled_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace serdab::base::internal
