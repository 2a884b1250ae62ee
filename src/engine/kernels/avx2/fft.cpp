#include <immintrin.h>

#include "engine/kernels/avx2/messages.h"
#include "engine/kernels/fft_passes.h"

namespace serdab::kernels::avx2 {
namespace {

/// What Fft is written in.
struct Doubles {
  using Vec = __m256d;
  static constexpr std::size_t kLanes = 4;

  static Vec load(const double* a) { return _mm256_loadu_pd(a); }
  static void store(double* a, Vec x) { _mm256_storeu_pd(a, x); }
  static Vec set1(double x) { return _mm256_set1_pd(x); }
  static Vec add(Vec a, Vec b) { return _mm256_add_pd(a, b); }
  static Vec sub(Vec a, Vec b) { return _mm256_sub_pd(a, b); }
  static Vec mul(Vec a, Vec b) { return _mm256_mul_pd(a, b); }
  static Vec negate(Vec a) { return _mm256_xor_pd(a, set1(-0.0)); }
  static Vec fmadd(Vec a, Vec b, Vec c) { return _mm256_fmadd_pd(a, b, c); }
  static Vec fmsub(Vec a, Vec b, Vec c) { return _mm256_fmsub_pd(a, b, c); }
  static Vec fnmadd(Vec a, Vec b, Vec c) { return _mm256_fnmadd_pd(a, b, c); }

  static void transpose(Vec* rows) {
    const Vec a = _mm256_unpacklo_pd(rows[0], rows[1]), b = _mm256_unpackhi_pd(rows[0], rows[1]);
    const Vec c = _mm256_unpacklo_pd(rows[2], rows[3]), d = _mm256_unpackhi_pd(rows[2], rows[3]);
    rows[0] = _mm256_permute2f128_pd(a, c, 0x20);
    rows[1] = _mm256_permute2f128_pd(b, d, 0x20);
    rows[2] = _mm256_permute2f128_pd(a, c, 0x31);
    rows[3] = _mm256_permute2f128_pd(b, d, 0x31);
  }
  /// (r0, i0, r1, i1) to (r0, −i0, r1, −i1) and (i0, r0, i1, r1).
  static void with_rotations(const double* entries, Vec& re, Vec& im) {
    const Vec pairs = load(entries);
    re = _mm256_xor_pd(pairs, _mm256_setr_pd(0.0, -0.0, 0.0, -0.0));
    im = _mm256_permute_pd(pairs, 0x5);
  }
  static void split(const double* entries, Vec& re, Vec& im) {
    const Vec low = load(entries), high = load(entries + 4);
    re = _mm256_permute4x64_pd(_mm256_unpacklo_pd(low, high), 0xd8);
    im = _mm256_permute4x64_pd(_mm256_unpackhi_pd(low, high), 0xd8);
  }
};

}  // namespace

void fft_forward(const Complex* roots, unsigned log_n, double* re, double* im) {
  Fft<Doubles>::forward(roots, log_n, re, im);
}
void fft_inverse(const Complex* roots, unsigned log_n, double* re, double* im) {
  Fft<Doubles>::inverse(roots, log_n, re, im);
}

}  // namespace serdab::kernels::avx2
