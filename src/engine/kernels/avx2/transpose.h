#pragma once

#include "engine/kernels/avx2/doubles.h"

/// 4x4 transpositions between memory and registers: 16 consecutive values are four blocks of four;
/// x[j] takes the j-th value of every block. Lane-crossing permutes run once a cycle on Zen, so
/// they are replaced by half loads and inserts where possible.
namespace serdab::kernels::avx2 {
namespace {

inline Vec load_halves(const std::uint64_t* low, const std::uint64_t* high) {
  const __m128d first = _mm_loadu_pd(reinterpret_cast<const double*>(low));
  const __m128d second = _mm_loadu_pd(reinterpret_cast<const double*>(high));
  return _mm256_insertf128_pd(_mm256_castpd128_pd256(first), second, 1);
}

inline void load_transposed(Vec (&x)[4], const std::uint64_t* a) {
  const Vec front02 = load_halves(a, a + 8);
  const Vec front13 = load_halves(a + 4, a + 12);
  const Vec back02 = load_halves(a + 2, a + 10);
  const Vec back13 = load_halves(a + 6, a + 14);
  x[0] = _mm256_unpacklo_pd(front02, front13);
  x[1] = _mm256_unpackhi_pd(front02, front13);
  x[2] = _mm256_unpacklo_pd(back02, back13);
  x[3] = _mm256_unpackhi_pd(back02, back13);
}

/// x[j] becomes block j.
inline void transpose(Vec (&x)[4]) {
  const Vec front02 = _mm256_unpacklo_pd(x[0], x[1]);
  const Vec front13 = _mm256_unpackhi_pd(x[0], x[1]);
  const Vec back02 = _mm256_unpacklo_pd(x[2], x[3]);
  const Vec back13 = _mm256_unpackhi_pd(x[2], x[3]);
  x[0] = _mm256_insertf128_pd(front02, _mm256_castpd256_pd128(back02), 1);
  x[1] = _mm256_insertf128_pd(front13, _mm256_castpd256_pd128(back13), 1);
  x[2] = _mm256_permute2f128_pd(front02, back02, 0x31);
  x[3] = _mm256_permute2f128_pd(front13, back13, 0x31);
}

}  // namespace
}  // namespace serdab::kernels::avx2
