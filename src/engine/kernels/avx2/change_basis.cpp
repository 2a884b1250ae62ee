#include "engine/kernels/avx2/doubles.h"
#include "engine/kernels/avx2/sums.h"

// Digits are doubles: for centred representatives balanced ones, |d_i| <= (m_i − 1)/2. Balanced
// digits of odd moduli represent exactly the integers within (M − 1)/2, so that neither the shift
// nor the offset of the specification is needed; otherwise digits in [0, m_i).
//
// Ranges: while digit i is made, |x| <= 3/4·m_i and |d_j| < 2^50, so that |x − d_j| < 2^51 and its
// quotient by m_i, times a factor of at most m_i/2, is below 2^50: product() gives ±3/4·m_i again.
// Products of digits by factors |f| <= q/2 are within 3/4·q < 2^50 too; four of them and a sum that
// was centred before stay below 2^53.
namespace serdab::kernels::avx2 {
namespace {

constexpr std::size_t kMaxSources = 64;
constexpr std::size_t kStrip = 32;  ///< columns whose digits wait in L1
constexpr std::size_t kTermsBeforeCentring = 4;

/// Digits of one strip.
using Digits = double[kMaxSources][kStrip];

/// Balanced residue of x within ±3q/4: q is odd and its inverse good to 2^-53, so that the rounded
/// quotient is exact.
inline Vec balanced(Vec x, const Prime& p) { return centre(x, p); }
inline Vec positive(Vec x, const Prime& p) {
  return _mm256_add_pd(x, _mm256_blendv_pd(_mm256_setzero_pd(), p.q, x));
}

void make_digit(const BasisChange& change, std::size_t i, std::size_t column, std::size_t width,
                Digits& digits) {
  const Modulus& m = *change.moduli[i];
  const Prime p = make_prime(m);
  Factor inverse[kMaxSources];
  for (std::size_t j = 0; j < i; ++j) {
    inverse[j] = make_factor(set1_centred(change.inverses[i * change.sources + j], m), p);
  }
  const bool centred = change.shifts != nullptr;
  for (std::size_t c = 0; c < width; c += kLanes) {
    Vec x = load_words(change.in[i] + column + c);
    for (std::size_t j = 0; j < i; ++j) {
      x = product(_mm256_sub_pd(x, _mm256_load_pd(digits[j] + c)), inverse[j], p);
    }
    _mm256_store_pd(digits[i] + c, centred ? balanced(x, p) : positive(x, p));
  }
}

void convert(const BasisTarget& target, std::size_t sources, const Digits& digits,
             std::size_t column, std::size_t width) {
  const Prime p = make_prime(*target.q);
  Factor factor[kMaxSources];
  for (std::size_t i = 1; i < sources; ++i) {
    factor[i] = make_factor(set1_centred(target.factors[i], *target.q), p);
  }
  for (std::size_t c = 0; c < width; c += kLanes) {
    Vec sum = _mm256_load_pd(digits[0] + c);
    for (std::size_t i = 1; i < sources; ++i) {
      if (i % kTermsBeforeCentring == 0) sum = centre(sum, p);
      sum = _mm256_add_pd(sum, product(_mm256_load_pd(digits[i] + c), factor[i], p));
    }
    store_canonical(target.out + column + c, sum, p);
  }
}

}  // namespace

void change_basis(const BasisChange& change, std::size_t n) {
  SERDAB_ASSERT(change.sources >= 1 && change.sources <= kMaxSources && n % 16 == 0);
  alignas(32) Digits digits;
  for (std::size_t column = 0; column < n; column += kStrip) {
    const std::size_t width = n - column < kStrip ? n - column : kStrip;
    for (std::size_t i = 0; i < change.sources; ++i) {
      make_digit(change, i, column, width, digits);
    }
    for (std::size_t t = 0; t < change.targets; ++t) {
      convert(change.target[t], change.sources, digits, column, width);
    }
  }
}

}  // namespace serdab::kernels::avx2
