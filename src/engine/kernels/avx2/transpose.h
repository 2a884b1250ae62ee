#pragma once

#include "engine/kernels/avx2/doubles.h"

namespace serdab::kernels::avx2 {
namespace {

/// Four vectors as the rows of a 4x4 matrix, to its columns.
inline void transpose(Vec& a0, Vec& a1, Vec& a2, Vec& a3) {
  const Vec even01 = _mm256_unpacklo_pd(a0, a1);
  const Vec odd01 = _mm256_unpackhi_pd(a0, a1);
  const Vec even23 = _mm256_unpacklo_pd(a2, a3);
  const Vec odd23 = _mm256_unpackhi_pd(a2, a3);
  a0 = _mm256_permute2f128_pd(even01, even23, 0x20);
  a1 = _mm256_permute2f128_pd(odd01, odd23, 0x20);
  a2 = _mm256_permute2f128_pd(even01, even23, 0x31);
  a3 = _mm256_permute2f128_pd(odd01, odd23, 0x31);
}

}  // namespace
}  // namespace serdab::kernels::avx2
