#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "engine/arith/modulus.h"
#include "engine/base/assert.h"

/// Residues as integers in doubles, four to a vector. Everything here has internal linkage: see
/// CMakeLists.txt.
///
/// The product of two integers is h + l with h = a·b rounded and l = fma(a, b, −h) exact; with
/// k = round(h/q) the remainder h − k·q + l is small and exact. (van der Hoeven, Lecerf, Quintin,
/// "Modular SIMD arithmetic in Mathemagix", 2016, section 3; here with signed remainders, rounding
/// by a magic constant, and no correction step.) docs/notes/ntt-ranges.md proves the ranges.
namespace serdab::kernels::avx2 {
namespace {

using Vec = __m256d;
constexpr std::size_t kLanes = 4;

constexpr double kTwo52 = 4503599627370496.0;
/// Adding this to |x| < 2^51 rounds x to the nearest integer, which the low bits then show.
constexpr double kRound = 1.5 * kTwo52;
/// What product() accepts as |a·b/q|: the range of kRound.
[[maybe_unused]] constexpr double kQuotientLimit = 0.5 * kTwo52;

/// A prime in every lane.
struct Prime {
  Vec q;
  Vec inverse;  ///< 1/q, rounded
  Vec round;    ///< kRound
};

inline Vec set1(double x) { return _mm256_set1_pd(x); }
inline Prime make_prime(const arith::Modulus& q) {
  const auto value = static_cast<double>(q.value());
  return {set1(value), set1(1.0 / value), set1(kRound)};
}

[[maybe_unused]] inline bool all_within(Vec x, double limit) {
  const Vec magnitude = _mm256_andnot_pd(set1(-0.0), x);
  return _mm256_movemask_pd(_mm256_cmp_pd(magnitude, set1(limit), _CMP_LE_OQ)) == 15;
}

/// Words below 2^52 to doubles.
inline Vec from_words(Vec words) {
  return _mm256_sub_pd(_mm256_or_pd(words, set1(kTwo52)), set1(kTwo52));
}
inline Vec load_words(const std::uint64_t* words) {
  return from_words(_mm256_loadu_pd(reinterpret_cast<const double*>(words)));
}
/// Stores the residue in [0, q) of x in (−q, q). The sign bit decides: −0 must not occur, and
/// does not, since sums and differences give it only from −0 and the fused operations of a product
/// or a centring end in such a sum.
inline void store_wrapped(std::uint64_t* words, Vec x, Vec q) {
  SERDAB_ASSERT(all_within(x, kTwo52 / 4));
  const Vec shift = _mm256_blendv_pd(set1(kTwo52), _mm256_add_pd(q, set1(kTwo52)), x);
  _mm256_storeu_pd(reinterpret_cast<double*>(words),
                   _mm256_xor_pd(_mm256_add_pd(x, shift), set1(kTwo52)));
}
/// Doubles kept between passes in the memory of the words.
inline Vec load_doubles(const std::uint64_t* place) {
  return _mm256_loadu_pd(reinterpret_cast<const double*>(place));
}
inline void store_doubles(std::uint64_t* place, Vec x) {
  _mm256_storeu_pd(reinterpret_cast<double*>(place), x);
}

/// How the first pass of a transform reads its input: as integers in doubles.
struct FromDoubles {
  Vec operator()(const std::uint64_t* place) const { return load_doubles(place); }
};
struct FromWords {
  Vec operator()(const std::uint64_t* place) const { return load_words(place); }
};
/// Residues of the prime p, centred.
struct FromPrime {
  Vec p, half;
  explicit FromPrime(const arith::Modulus& prime)
      : p(set1(static_cast<double>(prime.value()))),
        half(set1(static_cast<double>(prime.value() / 2))) {}
  Vec operator()(const std::uint64_t* place) const {
    const Vec x = load_words(place);
    return _mm256_sub_pd(x, _mm256_and_pd(_mm256_cmp_pd(x, half, _CMP_GT_OQ), p));
  }
};

/// round(x/q) for |x/q| < 2^51, wrong by at most 2^-52·|x/q| before the rounding.
inline Vec quotient(Vec x, const Prime& p) {
  return _mm256_sub_pd(_mm256_fmadd_pd(x, p.inverse, p.round), p.round);
}

/// a·b mod q in ±(1/2 + 2^-52·|a·b/q|)·q, for integers |a|, |b| <= 2^53 with |a·b/q| < 2^51.
inline Vec product(Vec a, Vec b, const Prime& p) {
  const Vec high = _mm256_mul_pd(a, b);
  const Vec low = _mm256_fmsub_pd(a, b, high);
  SERDAB_ASSERT(all_within(_mm256_mul_pd(high, p.inverse), kQuotientLimit));
  return _mm256_add_pd(_mm256_fnmadd_pd(quotient(high, p), p.q, high), low);
}

/// A fixed factor |w| <= q/2 with w/q, so that the quotient does not wait for the product (as
/// Shoup's).
struct Factor {
  Vec w;
  Vec ratio;  ///< w/q, wrong by at most 2^-52 of itself
};
inline Factor make_factor(Vec w, const Prime& p) { return {w, _mm256_mul_pd(w, p.inverse)}; }

/// a·w mod q in ±(1/2 + 2^-52·|a·w/q|)·q, for integers |a| <= 2^53 with |a·w/q| < 2^51.
inline Vec product(Vec a, const Factor& f, const Prime& p) {
  const Vec k = _mm256_sub_pd(_mm256_fmadd_pd(a, f.ratio, p.round), p.round);
  SERDAB_ASSERT(all_within(k, kQuotientLimit));
  const Vec high = _mm256_mul_pd(a, f.w);
  const Vec low = _mm256_fmsub_pd(a, f.w, high);
  return _mm256_add_pd(_mm256_fnmadd_pd(k, p.q, high), low);
}

/// x mod q in ±(1/2 + 2^-52·|x/q|)·q, for an integer |x| <= 2^53.
inline Vec centre(Vec x, const Prime& p) {
  SERDAB_ASSERT(all_within(x, 2 * kTwo52));
  return _mm256_fnmadd_pd(quotient(x, p), p.q, x);
}

/// Stores the canonical residue of an integer |x| <= 2^53.
inline void store_canonical(std::uint64_t* words, Vec x, const Prime& p) {
  store_wrapped(words, centre(x, p), p.q);
}

/// The representative in [−q/2, q/2) of w in [0, q), as a factor for product().
inline Vec set1_centred(std::uint64_t w, const arith::Modulus& q) {
  const auto value = static_cast<double>(w);
  return set1(w > q.value() / 2 ? value - static_cast<double>(q.value()) : value);
}

}  // namespace
}  // namespace serdab::kernels::avx2
