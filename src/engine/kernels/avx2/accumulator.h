#pragma once

#include "engine/kernels/avx2/doubles.h"

namespace serdab::kernels::avx2 {
namespace {

/// A sum of up to 8 products of integers in [0, 2^50), in two doubles and four instructions a
/// product.
///
/// `high` lives in [2^103, 2^104), where doubles are 2^51 apart: adding a product to it rounds the
/// product to a multiple of 2^51, exactly known as the difference of `high` after and before; what
/// was rounded away, at most 2^50, comes exactly from a second fused operation and is summed in
/// `low`, at most 8·2^50 = 2^53. (Rump, Ogita and Oishi's extraction with a fixed exponent, on
/// FMA.)
struct Accumulator {
  static constexpr double kBase = 0x1p103;
  static constexpr std::size_t kProducts = 8;

  Vec high;
  Vec low;

  void add(Vec a, Vec b) {
    const Vec next = _mm256_fmadd_pd(a, b, high);
    const Vec rounded = _mm256_sub_pd(next, high);
    low = _mm256_add_pd(low, _mm256_fmsub_pd(a, b, rounded));
    high = next;
  }

  /// The sum mod q, within ±4q, for products of a in [0, 2^50) and b in [0, q), q > 2^4.
  /// Their quotient by q is below 2^53: k is off by at most 2.5, and k·q below 2^103 is
  /// subtracted exactly. `low` is within 2^53.
  Vec fold(const Prime& p) const {
    const Vec sum = _mm256_sub_pd(high, set1(kBase));
    const Vec k = _mm256_round_pd(_mm256_mul_pd(sum, p.inverse),
                                  _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    return _mm256_add_pd(_mm256_fnmadd_pd(k, p.q, sum), centre(low, p));
  }
};

}  // namespace
}  // namespace serdab::kernels::avx2
