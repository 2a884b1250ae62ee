#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/base/assert.h"
#include "engine/kernels/scalar/messages.h"

// Files are little-endian, and so are words here.
static_assert(std::endian::native == std::endian::little);

namespace serdab::kernels::scalar {
namespace {

std::uint64_t low_bits(unsigned bits) { return ~std::uint64_t{0} >> (64 - bits); }

void put(std::uint8_t*& out, unsigned __int128& pending, unsigned& held) {
  for (; held >= 8; held -= 8) {
    *out++ = static_cast<std::uint8_t>(pending);
    pending >>= 8;
  }
}

}  // namespace

void pack_bits(const std::uint64_t* words, std::size_t n, unsigned bits, std::uint8_t* out) {
  SERDAB_ASSERT(bits >= 1 && bits <= 64);
  const std::uint64_t mask = low_bits(bits);
  std::size_t i = 0;
  if (bits <= 56) {
    // Whole words are written, the bytes above the value to be overwritten by the next: what is
    // left of the last byte goes along. Stops where a word would reach beyond the end.
    const std::uint8_t* const end = out + (n * bits + 7) / 8;
    std::uint64_t carried = 0;
    unsigned shift = 0;
    for (; i < n && end - out >= 8; ++i) {
      const std::uint64_t word = carried | (words[i] & mask) << shift;
      std::memcpy(out, &word, 8);
      const unsigned whole = (shift + bits) / 8;
      out += whole;
      carried = word >> (8 * whole);
      shift = (shift + bits) % 8;
    }
    unsigned __int128 pending = carried;
    unsigned held = shift;
    for (; i < n; ++i) {
      pending |= static_cast<unsigned __int128>(words[i] & mask) << held;
      held += bits;
      put(out, pending, held);
    }
    if (held > 0) *out = static_cast<std::uint8_t>(pending);
    return;
  }
  unsigned __int128 pending = 0;
  unsigned held = 0;
  for (; i < n; ++i) {
    pending |= static_cast<unsigned __int128>(words[i] & mask) << held;
    held += bits;
    put(out, pending, held);
  }
  if (held > 0) *out = static_cast<std::uint8_t>(pending);
}

void unpack_bits(const std::uint8_t* bytes, std::size_t n, unsigned bits, std::uint64_t* words) {
  SERDAB_ASSERT(bits >= 1 && bits <= 64);
  const std::uint64_t mask = low_bits(bits);
  const std::size_t size = (n * bits + 7) / 8;
  std::size_t i = 0;
  // A value of at most 57 bits lies in the eight bytes from its first one.
  if (bits <= 57 && size >= 8) {
    const std::size_t safe = std::min(n, ((size - 8) * 8 + 7) / bits + 1);
    for (; i < safe; ++i) {
      const std::size_t bit = i * bits;
      if (bit / 8 + 8 > size) break;
      std::uint64_t window;
      std::memcpy(&window, bytes + bit / 8, 8);
      words[i] = window >> (bit % 8) & mask;
    }
  }
  for (; i < n; ++i) {
    const std::size_t bit = i * bits;
    unsigned __int128 window = 0;
    for (std::size_t k = 0; k < 9 && bit / 8 + k < size; ++k) {
      window |= static_cast<unsigned __int128>(bytes[bit / 8 + k]) << (8 * k);
    }
    words[i] = static_cast<std::uint64_t>(window >> (bit % 8)) & mask;
  }
}

}  // namespace serdab::kernels::scalar
