#pragma once

#include <immintrin.h>

#include <cstdint>

/// Residues as integers, for sums and moves, which need no doubles. Internal linkage: see
/// CMakeLists.txt.
namespace serdab::kernels::avx2 {
namespace {

inline __m256i load_integers(const std::uint64_t* place) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(place));
}
inline void store_integers(std::uint64_t* place, __m256i x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(place), x);
}
/// x in [−q, q) to [0, q).
inline __m256i wrap_integers(__m256i x, __m256i q) {
  const __m256d zero = _mm256_setzero_pd();
  const __m256d correction = _mm256_blendv_pd(zero, _mm256_castsi256_pd(q), _mm256_castsi256_pd(x));
  return _mm256_add_epi64(x, _mm256_castpd_si256(correction));
}

}  // namespace
}  // namespace serdab::kernels::avx2
