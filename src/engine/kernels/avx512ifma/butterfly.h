#pragma once

#include "engine/kernels/avx512ifma/residues.h"

/// Butterflies on values modulo 2^52: multiply-adds ignore what stands above bit 52, so nothing is
/// masked between them. A value means the integer in [0, 2^52) that its low bits show.
namespace serdab::kernels::avx512ifma {

template <typename V>
inline bool low_bits_below(typename V::Vec x, std::uint64_t bound) {
  return V::all_below(V::bit_and(x, V::set1(kMask52)), bound);
}

/// Subtracts the multiple of q that belongs to the three bits from `shift` on, and adds `offset`
/// times q: x < 2^(shift+3) goes to [0, q + 2^shift) + offset·q. A look-up in a register, so that
/// no multiplier is needed.
template <typename V>
struct Reduction {
  using Vec = typename V::Vec;
  Vec multiples;
  Vec shift;

  Reduction(std::uint64_t q, unsigned shift_count) : shift(V::set1(shift_count)) {
    alignas(64) std::uint64_t words[V::kLanes];
    for (std::uint64_t i = 0; i < V::kLanes; ++i) {
      words[i] = std::uint64_t{0} - (i << shift_count) / q * q;
    }
    multiples = V::load(words);
  }
  Reduction with_offset(std::uint64_t words) const {
    Reduction result = *this;
    result.multiples = V::add(multiples, V::set1(words));
    return result;
  }
  Vec operator()(Vec x) const {
    return V::add(x, V::permute(multiples, V::shift_right_each(x, shift)));
  }
};

/// (x, y) -> (x + w·y, x − w·y) modulo q for any y; both outputs lie within q of x.
template <typename V>
inline void forward_butterfly(typename V::Vec& x, typename V::Vec& y, const Factor<V>& w,
                              const Prime<V>& p) {
  const auto k = V::madd52hi(p.zero, y, w.ratio);
  // w·y − q, in [−q, q).
  const auto t = V::madd52lo(V::madd52lo(p.minus, y, w.w), k, p.minus);
  y = V::sub(x, t);
  x = V::add(x, t);
}

/// a·w modulo q in [0, 2q), as a value.
template <typename V>
inline typename V::Vec lazy_product(typename V::Vec a, const Factor<V>& w, const Prime<V>& p) {
  const auto k = V::madd52hi(p.zero, a, w.ratio);
  return V::madd52lo(V::madd52lo(p.zero, a, w.w), k, p.minus);
}

/// (x, y) -> (x + y, w·(x − y)) with the second in [0, 2q); `shift` is a multiple of q that
/// bounds y.
template <typename V>
inline void inverse_butterfly(typename V::Vec& x, typename V::Vec& y, const Factor<V>& w,
                              typename V::Vec shift, const Prime<V>& p) {
  const auto difference = V::sub(V::add(x, shift), y);
  x = V::add(x, y);
  y = lazy_product<V>(difference, w, p);
}

/// Any value to [0, 2q): Barrett with one = (1, floor(2^52/q)).
template <typename V>
inline typename V::Vec reduce_twice(typename V::Vec x, const Factor<V>& one, const Prime<V>& p) {
  return V::madd52lo(x, V::madd52hi(p.zero, x, one.ratio), p.minus);
}
/// Any value to the word in [0, q).
template <typename V>
inline typename V::Vec reduce_fully(typename V::Vec x, const Factor<V>& one, const Prime<V>& p) {
  return subtract_once<V>(V::bit_and(reduce_twice<V>(x, one, p), p.mask), p.q);
}

}  // namespace serdab::kernels::avx512ifma
