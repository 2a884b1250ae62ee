#include <immintrin.h>

#include <array>

#include "engine/base/assert.h"
#include "engine/kernels/avx2/messages.h"
#include "engine/kernels/scalar/messages.h"

// Eight values of b bits are b bytes, so that every group of eight is laid out alike. Two
// neighbours fill one 128-bit lane: a byte shuffle brings each to its own eight bytes, a shift by
// less than eight bits to its place, and the other way round.
namespace serdab::kernels::avx2 {
namespace {

/// Where the values of a group are.
struct Layout {
  alignas(32) std::array<std::uint64_t, 8> shift;    ///< of value k, in bits, below 8
  alignas(32) std::array<std::uint8_t, 64> spread;   ///< per pair: bytes to words
  alignas(32) std::array<std::uint8_t, 64> gather0;  ///< per pair: the first word's bytes
  alignas(32) std::array<std::uint8_t, 64> gather1;  ///< per pair: the second word's bytes
  alignas(32) std::array<std::uint8_t, 64> carry;    ///< per pair: the unfinished byte to the front
  std::array<std::size_t, 4> offset;                 ///< of each pair, in bytes
};

constexpr std::uint8_t kNone = 0x80;

Layout make_layout(unsigned bits) {
  Layout layout;
  layout.gather0.fill(kNone);
  layout.gather1.fill(kNone);
  layout.carry.fill(kNone);
  for (unsigned pair = 0; pair < 4; ++pair) {
    const unsigned first = 2 * pair * bits, second = first + bits, end = second + bits;
    const unsigned begin = first / 8, distance = second / 8 - begin;
    layout.offset[pair] = begin;
    layout.shift[2 * pair] = first % 8;
    layout.shift[2 * pair + 1] = second % 8;
    for (unsigned byte = 0; byte < 8; ++byte) {
      layout.spread[16 * pair + byte] = static_cast<std::uint8_t>(byte);
      layout.spread[16 * pair + 8 + byte] = static_cast<std::uint8_t>(distance + byte);
      layout.gather0[16 * pair + byte] = static_cast<std::uint8_t>(byte);
      layout.gather1[16 * pair + distance + byte] = static_cast<std::uint8_t>(8 + byte);
    }
    layout.carry[16 * pair] = static_cast<std::uint8_t>(end / 8 - begin);
  }
  return layout;
}

inline __m256i load(const void* place) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(place));
}
inline __m128i load_half(const std::uint8_t* place) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(place));
}
inline void store_half(std::uint8_t* place, __m128i x) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(place), x);
}

/// Groups whose last pair's sixteen bytes end within `size`.
std::size_t whole_groups(std::size_t n, unsigned bits, const Layout& layout) {
  const std::size_t size = (n * bits + 7) / 8;
  const std::size_t reach = layout.offset[3] + 16;
  if (size < reach) return 0;
  const std::size_t fit = (size - reach) / bits + 1;
  return fit < n / 8 ? fit : n / 8;
}

}  // namespace

void pack_bits(const std::uint64_t* words, std::size_t n, unsigned bits, std::uint8_t* out) {
  // Below 8 bits an unfinished byte may hold more than two values; above 56 a shifted value does
  // not fit its word.
  if (bits < 8 || bits > 56) return scalar::pack_bits(words, n, bits, out);
  const Layout layout = make_layout(bits);
  const std::size_t groups = whole_groups(n, bits, layout);
  const __m256i mask =
      _mm256_set1_epi64x(static_cast<std::int64_t>((std::uint64_t{1} << bits) - 1));
  const __m256i shift[2] = {load(&layout.shift[0]), load(&layout.shift[4])};
  const __m256i gather0[2] = {load(&layout.gather0[0]), load(&layout.gather0[32])};
  const __m256i gather1[2] = {load(&layout.gather1[0]), load(&layout.gather1[32])};
  const __m256i carry[2] = {load(&layout.carry[0]), load(&layout.carry[32])};
  for (std::size_t g = 0; g < groups; ++g, words += 8, out += bits) {
    __m256i pairs[2], carried[2];
    for (int half = 0; half < 2; ++half) {
      const __m256i value = _mm256_and_si256(load(words + 4 * half), mask);
      const __m256i shifted = _mm256_sllv_epi64(value, shift[half]);
      pairs[half] = _mm256_or_si256(_mm256_shuffle_epi8(shifted, gather0[half]),
                                    _mm256_shuffle_epi8(shifted, gather1[half]));
      carried[half] = _mm256_shuffle_epi8(pairs[half], carry[half]);
    }
    // Each pair's unfinished byte goes to the next pair; the group ends with a whole byte.
    pairs[0] = _mm256_or_si256(pairs[0], _mm256_permute2x128_si256(carried[0], carried[0], 0x08));
    pairs[1] = _mm256_or_si256(pairs[1], _mm256_permute2x128_si256(carried[0], carried[1], 0x21));
    store_half(out, _mm256_castsi256_si128(pairs[0]));
    store_half(out + layout.offset[1], _mm256_extracti128_si256(pairs[0], 1));
    store_half(out + layout.offset[2], _mm256_castsi256_si128(pairs[1]));
    store_half(out + layout.offset[3], _mm256_extracti128_si256(pairs[1], 1));
  }
  scalar::pack_bits(words, n - 8 * groups, bits, out);
}

void unpack_bits(const std::uint8_t* bytes, std::size_t n, unsigned bits, std::uint64_t* words) {
  // Above 57 bits a value may reach into a ninth byte.
  if (bits > 57) return scalar::unpack_bits(bytes, n, bits, words);
  const Layout layout = make_layout(bits);
  const std::size_t groups = whole_groups(n, bits, layout);
  const __m256i mask =
      _mm256_set1_epi64x(static_cast<std::int64_t>((std::uint64_t{1} << bits) - 1));
  const __m256i shift[2] = {load(&layout.shift[0]), load(&layout.shift[4])};
  const __m256i spread[2] = {load(&layout.spread[0]), load(&layout.spread[32])};
  for (std::size_t g = 0; g < groups; ++g, words += 8, bytes += bits) {
    for (std::size_t half = 0; half < 2; ++half) {
      const __m256i pairs = _mm256_inserti128_si256(
          _mm256_castsi128_si256(load_half(bytes + layout.offset[2 * half])),
          load_half(bytes + layout.offset[2 * half + 1]), 1);
      const __m256i value =
          _mm256_srlv_epi64(_mm256_shuffle_epi8(pairs, spread[half]), shift[half]);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(words + 4 * half),
                          _mm256_and_si256(value, mask));
    }
  }
  scalar::unpack_bits(bytes, n - 8 * groups, bits, words);
}

}  // namespace serdab::kernels::avx2
