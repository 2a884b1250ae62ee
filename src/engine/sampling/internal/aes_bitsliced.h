#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace serdab::sampling::internal {

/// AES-256 on eight blocks at once, for targets without OpenSSL. Bits of equal weight of all bytes
/// lie in one register each (Käsper and Schwabe, ePrint 2009/129): the S-box is a circuit of ANDs
/// and XORs, so no address and no branch depends on key or data. Compiled everywhere, so that the
/// tests hold it against OpenSSL. The key schedule is zeroed when it dies.
class AesBitsliced {
 public:
  static constexpr std::size_t kBlock = 16;
  static constexpr std::size_t kBlocks = 8;
  /// 16 bytes, one for every place in a block.
  using Plane = std::uint8_t __attribute__((vector_size(16)));
  /// Plane b: in byte j, bit i is bit b of byte j of block i.
  using Planes = std::array<Plane, 8>;

  explicit AesBitsliced(std::span<const std::uint8_t, 32> key);
  ~AesBitsliced();
  AesBitsliced(const AesBitsliced&) = delete;
  AesBitsliced& operator=(const AesBitsliced&) = delete;

  /// Eight blocks, one after another, in place.
  void encrypt(std::span<std::uint8_t, kBlock * kBlocks> blocks) const;

 private:
  static constexpr std::size_t kRounds = 14;
  std::array<Planes, kRounds + 1> round_keys_;
};

}  // namespace serdab::sampling::internal
