#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "engine/kernels/avx512ifma/doubles_ifma.h"

namespace serdab::kernels::avx512ifma {
namespace {

/// Eight words in an AVX-512 register: the operations that the kernels of this folder are written
/// in. `Emulated` (vector_emulated.h) has the same members in plain C++.
struct Ifma {
  using Vec = __m512i;
  using Doubles = IfmaDoubles;
  static constexpr std::size_t kLanes = 8;

  static Vec load(const std::uint64_t* a) { return _mm512_loadu_si512(a); }
  /// Two or four words, repeated.
  static Vec load_two(const std::uint64_t* a) {
    return _mm512_broadcast_i64x2(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a)));
  }
  static Vec load_four(const std::uint64_t* a) {
    return _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(a)));
  }
  /// A load that stays one: compilers fold it into every instruction that uses it.
  static Vec load_once(const std::uint64_t* a) {
    Vec x = load(a);
    asm("" : "+v"(x));
    return x;
  }
  /// `kCount` words of eight or four bytes in the first lanes; the others are of no matter, or, of
  /// one word, the same.
  template <std::size_t kCount>
  static Vec load_first(const std::uint64_t* a) {
    if constexpr (kCount == 1) return _mm512_set1_epi64(static_cast<std::int64_t>(*a));
    if constexpr (kCount == 2) return load_two(a);
    if constexpr (kCount == 4) return load_four(a);
    if constexpr (kCount == 8) return load_once(a);
  }
  template <std::size_t kCount>
  static Vec load_first(const std::uint32_t* a) {
    if constexpr (kCount == 1) return _mm512_set1_epi64(*a);
    if constexpr (kCount == 2) {
      return _mm512_castsi128_si512(
          _mm_cvtepu32_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(a))));
    }
    if constexpr (kCount == 4) {
      return _mm512_castsi256_si512(
          _mm256_cvtepu32_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a))));
    }
    if constexpr (kCount == 8) {
      return _mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(a)));
    }
  }
  /// Two words of four bytes in each lane, the first below.
  static Vec load_two_each(const std::uint32_t* a) { return _mm512_loadu_si512(a); }
  static void store(std::uint64_t* a, Vec x) { _mm512_storeu_si512(a, x); }
  /// Eight signed bytes to words, and the low bytes of words.
  static Vec load_bytes(const std::int8_t* a) {
    return _mm512_cvtepi8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(a)));
  }
  static void store_bytes(std::int8_t* a, Vec x) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(a), _mm512_cvtepi64_epi8(x));
  }
  static Vec set1(std::uint64_t x) { return _mm512_set1_epi64(static_cast<std::int64_t>(x)); }
  static Vec add(Vec a, Vec b) { return _mm512_add_epi64(a, b); }
  static Vec sub(Vec a, Vec b) { return _mm512_sub_epi64(a, b); }
  static Vec min(Vec a, Vec b) { return _mm512_min_epu64(a, b); }
  static Vec bit_and(Vec a, Vec b) { return _mm512_and_si512(a, b); }
  static Vec bit_or(Vec a, Vec b) { return _mm512_or_si512(a, b); }
  static Vec shift_right(Vec a, unsigned count) { return _mm512_srlv_epi64(a, set1(count)); }
  static Vec shift_right_each(Vec a, Vec counts) { return _mm512_srlv_epi64(a, counts); }
  /// By a constant: no register for the count.
  template <unsigned kCount>
  static Vec shift_right(Vec a) {
    return _mm512_srli_epi64(a, kCount);
  }
  static Vec shift_left(Vec a, unsigned count) { return _mm512_sllv_epi64(a, set1(count)); }
  /// sum + the low (high) 52 bits of the product of the low 52 bits of a and b.
  static Vec madd52lo(Vec sum, Vec a, Vec b) { return _mm512_madd52lo_epu64(sum, a, b); }
  static Vec madd52hi(Vec sum, Vec a, Vec b) { return _mm512_madd52hi_epu64(sum, a, b); }
  /// The product of the low 32 bits of a and b.
  static Vec multiply_short(Vec a, Vec b) { return _mm512_mul_epu32(a, b); }
  /// Lane i is a[index[i] mod 8], or lane index[i] of a followed by b.
  static Vec permute(Vec a, Vec index) { return _mm512_permutexvar_epi64(index, a); }
  static Vec permute2(Vec a, Vec b, Vec index) { return _mm512_permutex2var_epi64(a, index, b); }
  static bool all_below(Vec a, std::uint64_t bound) {
    return _mm512_cmplt_epu64_mask(a, set1(bound)) == 0xff;
  }
};

}  // namespace
}  // namespace serdab::kernels::avx512ifma
