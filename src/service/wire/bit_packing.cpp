#include "service/wire/bit_packing.h"

#include <algorithm>
#include <cstring>

#include "engine/base/assert.h"

namespace serdab::wire {

std::size_t packed_bytes(std::size_t count, unsigned bits) { return (count * bits + 7) / 8; }

void pack_bits(std::span<const std::uint64_t> values, unsigned bits, std::span<std::uint8_t> out) {
  SERDAB_ASSERT(bits >= 1 && bits <= 64);
  SERDAB_ASSERT(out.size() == packed_bytes(values.size(), bits));
  std::uint8_t* target = out.data();
  unsigned __int128 pending = 0;
  unsigned held = 0;
  for (std::uint64_t value : values) {
    if (bits < 64) value &= (std::uint64_t{1} << bits) - 1;
    pending |= static_cast<unsigned __int128>(value) << held;
    held += bits;
    while (held >= 8) {
      *target++ = static_cast<std::uint8_t>(pending);
      pending >>= 8;
      held -= 8;
    }
  }
  if (held > 0) *target = static_cast<std::uint8_t>(pending);
}

void unpack_bits(std::span<const std::uint8_t> bytes, unsigned bits,
                 std::span<std::uint64_t> values) {
  SERDAB_ASSERT(bytes.size() == packed_bytes(values.size(), bits));
  const std::uint64_t mask = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t bit = i * bits;
    const std::size_t at = bit / 8;
    unsigned __int128 window = 0;
    std::memcpy(&window, bytes.data() + at, std::min<std::size_t>(9, bytes.size() - at));
    values[i] = static_cast<std::uint64_t>(window >> (bit % 8)) & mask;
  }
}

}  // namespace serdab::wire
