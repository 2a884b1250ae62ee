#pragma once

#include "engine/kernels/avx2/doubles.h"

namespace serdab::kernels::avx2 {
namespace {

/// A sum of up to `products` products of two residues in [0, q), in two doubles and four
/// instructions a product, two of them multiplications.
///
/// With b the bits of q, `high` lives in [2^(2b+3), 2^(2b+4)), where doubles are 2^(2b−49) apart:
/// adding a product to it rounds the product to a multiple of that, exactly known as the difference
/// of `high` after and before; what was rounded away, at most 2^(2b−50), comes exactly from a
/// second fused operation and is summed in `low`. (Rump, Ogita and Oishi's extraction with a fixed
/// exponent, on FMA.)
struct Accumulator {
  Vec high;
  Vec low;

  void add(Vec a, Vec b) {
    const Vec next = _mm256_fmadd_pd(a, b, high);
    const Vec rounded = _mm256_sub_pd(next, high);
    low = _mm256_add_pd(low, _mm256_fmsub_pd(a, b, rounded));
    high = next;
  }
};

struct Accumulation {
  Prime p;
  Vec base;
  std::size_t products;

  explicit Accumulation(const arith::Modulus& q)
      : p(make_prime(q)),
        base(set1(static_cast<double>(std::uint64_t{1} << (q.bits() + 1)) *
                  static_cast<double>(std::uint64_t{1} << (q.bits() + 2)))),
        products(q.bits() == 50 ? 6 : 8) {}

  Accumulator start() const { return {base, _mm256_setzero_pd()}; }

  /// The sum mod q, an integer within 2^53. The quotient by q of m products is below m·q < 2^53:
  /// two roundings and the last put k off by at most m·2^(b−52) + 1/2, so that the exact remainder
  /// is within m·2^(2b−52) + 2^(b−1), and `low` within m·2^(2b−50): for 50 bits and m = 6, 2·2^50
  /// and 6·2^50; for 49 bits and m = 8, 3/2·2^49 and 4·2^49.
  Vec fold(const Accumulator& x) const {
    const Vec sum = _mm256_sub_pd(x.high, base);
    const Vec k = _mm256_round_pd(_mm256_mul_pd(sum, p.inverse),
                                  _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    return _mm256_add_pd(_mm256_fnmadd_pd(k, p.q, sum), x.low);
  }
};

}  // namespace
}  // namespace serdab::kernels::avx2
