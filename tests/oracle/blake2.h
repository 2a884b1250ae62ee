#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace serdab::oracle {

/// BLAKE2b, RFC 7693, of any digest length up to 64, with a key of up to 64 bytes.
std::vector<std::uint8_t> blake2b(std::size_t digest_bytes, std::span<const std::uint8_t> key,
                                  std::span<const std::uint8_t> message);

/// BLAKE2Xb, the extendable form ("BLAKE2X", Aumasson et al. 2016): `bytes` bytes of output.
std::vector<std::uint8_t> blake2xb(std::uint32_t bytes, std::span<const std::uint8_t> key,
                                   std::span<const std::uint8_t> message);

}  // namespace serdab::oracle
