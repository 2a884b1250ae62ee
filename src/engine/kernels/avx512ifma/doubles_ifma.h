#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace serdab::kernels::avx512ifma {
namespace {

/// Eight doubles in an AVX-512 register: what the kernels of messages are written in, beside
/// `Ifma`. `EmulatedDoubles` (doubles_emulated.h) has the same members in plain C++.
struct IfmaDoubles {
  using Vec = __m512d;
  static constexpr std::size_t kLanes = 8;

  static Vec load(const double* a) { return _mm512_loadu_pd(a); }
  static void store(double* a, Vec x) { _mm512_storeu_pd(a, x); }
  static Vec set1(double x) { return _mm512_set1_pd(x); }
  static Vec add(Vec a, Vec b) { return _mm512_add_pd(a, b); }
  static Vec sub(Vec a, Vec b) { return _mm512_sub_pd(a, b); }
  static Vec mul(Vec a, Vec b) { return _mm512_mul_pd(a, b); }
  static Vec max(Vec a, Vec b) { return _mm512_max_pd(a, b); }
  static Vec magnitude(Vec a) { return _mm512_abs_pd(a); }
  static Vec negate(Vec a) { return _mm512_xor_pd(a, set1(-0.0)); }
  /// To the nearest integer, ties to even.
  static Vec round(Vec a) { return _mm512_roundscale_pd(a, _MM_FROUND_TO_NEAREST_INT); }
  /// a·b + c, a·b − c, c − a·b, rounded once.
  static Vec fmadd(Vec a, Vec b, Vec c) { return _mm512_fmadd_pd(a, b, c); }
  static Vec fmsub(Vec a, Vec b, Vec c) { return _mm512_fmsub_pd(a, b, c); }
  static Vec fnmadd(Vec a, Vec b, Vec c) { return _mm512_fnmadd_pd(a, b, c); }
  /// x where |test| is finite, else 0.
  static Vec where_finite(Vec test, Vec x) {
    const __mmask8 finite = _mm512_cmp_pd_mask(magnitude(test), set1(__builtin_inf()), _CMP_LT_OQ);
    return _mm512_maskz_mov_pd(finite, x);
  }
  static bool all_finite(Vec a) {
    return _mm512_cmp_pd_mask(magnitude(a), set1(__builtin_inf()), _CMP_LT_OQ) == 0xff;
  }
  /// The bits as words, and back.
  static __m512i bits(Vec a) { return _mm512_castpd_si512(a); }
  static Vec from_bits(__m512i a) { return _mm512_castsi512_pd(a); }

  static void transpose(Vec* rows) {
    Vec a[8], b[8];
    for (int i = 0; i < 8; i += 2) {
      a[i] = _mm512_unpacklo_pd(rows[i], rows[i + 1]);
      a[i + 1] = _mm512_unpackhi_pd(rows[i], rows[i + 1]);
    }
    // Quarters of rows 0…3 and 4…7, then of both.
    for (int i = 0; i < 8; i += 4) {
      for (int k = 0; k < 2; ++k) {
        b[i + k] = _mm512_shuffle_f64x2(a[i + k], a[i + k + 2], 0x88);
        b[i + k + 2] = _mm512_shuffle_f64x2(a[i + k], a[i + k + 2], 0xdd);
      }
    }
    for (int k = 0; k < 4; ++k) {
      rows[k] = _mm512_shuffle_f64x2(b[k], b[k + 4], 0x88);
      rows[k + 4] = _mm512_shuffle_f64x2(b[k], b[k + 4], 0xdd);
    }
  }
  /// (r0, i0, r1, i1, …) to (r0, −i0, r1, −i1, …) and (i0, r0, i1, r1, …).
  static void with_rotations(const double* entries, Vec& re, Vec& im) {
    const Vec pairs = load(entries);
    re = _mm512_xor_pd(pairs, _mm512_setr_pd(0.0, -0.0, 0.0, -0.0, 0.0, -0.0, 0.0, -0.0));
    im = _mm512_permute_pd(pairs, 0x55);
  }
  /// Eight entries to their real and imaginary parts.
  static void split(const double* entries, Vec& re, Vec& im) {
    const Vec low = load(entries), high = load(entries + 8);
    re = _mm512_permutex2var_pd(low, _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), high);
    im = _mm512_permutex2var_pd(low, _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15), high);
  }
  /// The same for entries 0, 2, …, 14 and 1, 3, …, 15.
  static void split_alternating(const double* entries, Vec& re0, Vec& im0, Vec& re1, Vec& im1) {
    const __m512i even = _mm512_setr_epi64(0, 4, 8, 12, 1, 5, 9, 13);
    const __m512i odd = _mm512_setr_epi64(2, 6, 10, 14, 3, 7, 11, 15);
    const Vec even0 = _mm512_permutex2var_pd(load(entries), even, load(entries + 8));
    const Vec odd0 = _mm512_permutex2var_pd(load(entries), odd, load(entries + 8));
    const Vec even1 = _mm512_permutex2var_pd(load(entries + 16), even, load(entries + 24));
    const Vec odd1 = _mm512_permutex2var_pd(load(entries + 16), odd, load(entries + 24));
    re0 = _mm512_shuffle_f64x2(even0, even1, 0x44);
    im0 = _mm512_shuffle_f64x2(even0, even1, 0xee);
    re1 = _mm512_shuffle_f64x2(odd0, odd1, 0x44);
    im1 = _mm512_shuffle_f64x2(odd0, odd1, 0xee);
  }
};

}  // namespace
}  // namespace serdab::kernels::avx512ifma
