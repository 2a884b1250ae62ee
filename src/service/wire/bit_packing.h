#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace serdab::wire {

/// Bytes that `count` values of `bits` bits take, 1 ≤ bits ≤ 64.
std::size_t packed_bytes(std::size_t count, unsigned bits);

/// Writes the low `bits` bits of every value, least significant first, padded to a whole byte;
/// out.size() must be packed_bytes(values.size(), bits).
void pack_bits(std::span<const std::uint64_t> values, unsigned bits, std::span<std::uint8_t> out);

/// Reads values.size() values; bytes.size() must be packed_bytes(values.size(), bits).
void unpack_bits(std::span<const std::uint8_t> bytes, unsigned bits,
                 std::span<std::uint64_t> values);

}  // namespace serdab::wire
