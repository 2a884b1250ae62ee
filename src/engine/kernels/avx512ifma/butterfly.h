#pragma once

#include "engine/kernels/avx512ifma/residues.h"

namespace serdab::kernels::avx512ifma {

/// (x, y) -> (x + w·y, x − w·y), all in [0, 4q), 4q < 2^52.
template <typename V>
inline void forward_butterfly(typename V::Vec& x, typename V::Vec& y, const Factor<V>& w,
                              const Prime<V>& p) {
  SERDAB_ASSERT(V::all_below(x, 4 * p.value) && V::all_below(y, 4 * p.value));
  const auto reduced = subtract_once<V>(x, p.twice);
  const auto t = product<V>(y, w, p);
  x = V::add(reduced, t);
  y = V::sub(V::add(reduced, p.twice), t);
}

/// (x, y) -> (x + y, w·(x − y)), all in [0, 2q).
template <typename V>
inline void inverse_butterfly(typename V::Vec& x, typename V::Vec& y, const Factor<V>& w,
                              const Prime<V>& p) {
  SERDAB_ASSERT(V::all_below(x, 2 * p.value) && V::all_below(y, 2 * p.value));
  const auto difference = V::sub(V::add(x, p.twice), y);
  x = subtract_once<V>(V::add(x, y), p.twice);
  y = product<V>(difference, w, p);
}

}  // namespace serdab::kernels::avx512ifma
