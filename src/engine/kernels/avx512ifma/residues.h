#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/arith/modulus.h"
#include "engine/base/assert.h"

/// Arithmetic on vectors of residues modulo a prime below 2^50, with 52-bit multiply-adds. Products
/// by a fixed factor follow Shoup with quotients by 2^52 (Harvey 2014, section 3; on IFMA first in
/// Intel's HEXL, Boemer et al. 2021); products of two variables are Barrett's.
namespace serdab::kernels::avx512ifma {

using arith::Modulus;

constexpr std::uint64_t kMask52 = (std::uint64_t{1} << 52) - 1;

/// A prime and its multiples in every lane.
template <typename V>
struct Prime {
  using Vec = typename V::Vec;
  std::uint64_t value;
  Vec q, twice;
  Vec minus;  ///< 2^52 − q: multiplies like −q modulo 2^52
  Vec mask;   ///< 2^52 − 1
  Vec zero;

  explicit Prime(const Modulus& modulus)
      : value(modulus.value()),
        q(V::set1(value)),
        twice(V::set1(2 * value)),
        minus(V::set1((std::uint64_t{1} << 52) - value)),
        mask(V::set1(kMask52)),
        zero(V::set1(0)) {}
};

/// x in [0, 2m) to [0, m): x − m wraps to a huge number exactly when x < m.
template <typename V>
inline typename V::Vec subtract_once(typename V::Vec x, typename V::Vec m) {
  return V::min(x, V::sub(x, m));
}

/// x in [0, 4q) to [0, q).
template <typename V>
inline typename V::Vec canonical(typename V::Vec x, const Prime<V>& p) {
  SERDAB_ASSERT(V::all_below(x, 4 * p.value));
  return subtract_once<V>(subtract_once<V>(x, p.twice), p.q);
}

/// A factor w in [0, q) with floor(w·2^52/q).
template <typename V>
struct Factor {
  typename V::Vec w, ratio;
};
template <typename V>
inline Factor<V> make_factor(std::uint64_t w, std::uint64_t q) {
  const auto ratio = static_cast<std::uint64_t>((static_cast<unsigned __int128>(w) << 52) / q);
  return {V::set1(w), V::set1(ratio)};
}

/// a·w mod q in [0, 2q), for a in [0, 2^52); higher bits of a are ignored.
/// a·w/q − floor(a·ratio/2^52) < 1 + a/2^52 < 2, and 2q < 2^52 makes 52 bits enough for the
/// difference.
template <typename V>
inline typename V::Vec product(typename V::Vec a, const Factor<V>& f, const Prime<V>& p) {
  const auto k = V::madd52hi(p.zero, a, f.ratio);
  const auto low = V::madd52lo(p.zero, a, f.w);
  const auto result = V::bit_and(V::madd52lo(low, k, p.minus), p.mask);
  SERDAB_ASSERT(V::all_below(result, 2 * p.value));
  return result;
}

/// Barrett's constants: with b the bits of q, mu = floor(2^(50+b)/q) < 2^51.
template <typename V>
struct Barrett {
  typename V::Vec mu;
  unsigned bits;
  explicit Barrett(const Modulus& q)
      : mu(V::set1(static_cast<std::uint64_t>(
            (static_cast<unsigned __int128>(1) << (50 + q.bits())) / q.value()))),
        bits(q.bits()) {}
};

/// a·b mod q in [0, 4q), for a, b in [0, q).
/// With x = floor(ab/2^(b−2)) < 2^(b+2) <= 2^52 and k = floor(x·mu/2^52), ab/q − k loses less than
/// 1/2 by the floor of x, 1 by that of mu and 1 by the last: the remainder is below 3.5q.
template <typename V>
inline typename V::Vec product(typename V::Vec a, typename V::Vec b, const Barrett<V>& barrett,
                               const Prime<V>& p) {
  SERDAB_ASSERT(V::all_below(a, p.value) && V::all_below(b, p.value));
  const auto high = V::madd52hi(p.zero, a, b);
  const auto low = V::madd52lo(p.zero, a, b);
  const auto x =
      V::bit_or(V::shift_left(high, 54 - barrett.bits), V::shift_right(low, barrett.bits - 2));
  const auto k = V::madd52hi(p.zero, x, barrett.mu);
  return V::bit_and(V::madd52lo(low, k, p.minus), p.mask);
}

/// Reduction of sums high·2^52 + low of double words, high < 2^63, any low.
template <typename V>
struct WideReduction {
  Factor<V> one, two52, two104;
  explicit WideReduction(const Modulus& q)
      : one(make_factor<V>(1, q.value())),
        two52(make_factor<V>((kMask52 + 1) % q.value(), q.value())),
        two104(make_factor<V>(
            static_cast<std::uint64_t>((static_cast<unsigned __int128>(1) << 104) % q.value()),
            q.value())) {}

  /// To [0, q): three 52-bit digits, each times its power of 2^52 in [0, 2q).
  typename V::Vec operator()(typename V::Vec low, typename V::Vec high, const Prime<V>& p) const {
    const auto carried = V::add(high, V::shift_right(low, 52));
    const auto digit0 = product<V>(V::bit_and(low, p.mask), one, p);
    const auto digit1 = product<V>(V::bit_and(carried, p.mask), two52, p);
    const auto digit2 = product<V>(V::shift_right(carried, 52), two104, p);
    const auto lower = subtract_once<V>(V::add(digit0, digit1), p.twice);
    return canonical<V>(V::add(lower, digit2), p);
  }
  /// The same for sums below 2^104, two digits with one remainder: each of the two quotients loses
  /// less than 2, so that it is below 4q < 2^52.
  typename V::Vec narrow(typename V::Vec low, typename V::Vec high, const Prime<V>& p) const {
    const auto digit0 = V::bit_and(low, p.mask);
    const auto digit1 = V::add(high, V::template shift_right<52>(low));
    SERDAB_ASSERT(V::all_below(digit1, kMask52 + 1));
    const auto k = V::madd52hi(V::madd52hi(p.zero, digit1, two52.ratio), digit0, one.ratio);
    const auto sum = V::madd52lo(V::madd52lo(digit0, digit1, two52.w), k, p.minus);
    return canonical<V>(V::bit_and(sum, p.mask), p);
  }
};

}  // namespace serdab::kernels::avx512ifma
