#include "service/wire/bit_packing.h"

#include "engine/base/assert.h"
#include "engine/kernels/kernels.h"

namespace serdab::wire {

std::size_t packed_bytes(std::size_t count, unsigned bits) { return (count * bits + 7) / 8; }

void pack_bits(std::span<const std::uint64_t> values, unsigned bits, std::span<std::uint8_t> out) {
  SERDAB_ASSERT(bits >= 1 && bits <= 64);
  SERDAB_ASSERT(out.size() == packed_bytes(values.size(), bits));
  kernels::kernels().messages.pack_bits(values.data(), values.size(), bits, out.data());
}

void unpack_bits(std::span<const std::uint8_t> bytes, unsigned bits,
                 std::span<std::uint64_t> values) {
  SERDAB_ASSERT(bits >= 1 && bits <= 64);
  SERDAB_ASSERT(bytes.size() == packed_bytes(values.size(), bits));
  kernels::kernels().messages.unpack_bits(bytes.data(), values.size(), bits, values.data());
}

}  // namespace serdab::wire
