#pragma once

#include "engine/kernels/avx512ifma/butterfly.h"
#include "engine/kernels/avx512ifma/ntt_plan.h"

/// The three layers whose butterflies lie within a vector, for two blocks A and B of eight values
/// at a time. x takes the upper and y the lower operands of a layer:
///   distance 4   x = A0 B0 A1 B1 A2 B2 A3 B3   y = A4 B4 A5 B5 A6 B6 A7 B7
///   distance 2   x = A0 A4 B0 B4 A1 A5 B1 B5   y = A2 A6 B2 B6 A3 A7 B3 B7
///   distance 1   x = A0 A2 A4 A6 B0 B2 B4 B6   y = A1 A3 A5 A7 B1 B3 B5 B7
/// Every step, from A, B to the first and from the last to A, B too, is the same interleaving of
/// two vectors, and the twiddles of a layer are 2, 4 or 8 consecutive entries, repeated from left
/// to right: loads alone arrange them.
namespace serdab::kernels::avx512ifma {

alignas(64) constexpr std::uint64_t kInterleaveLow[8] = {0, 8, 1, 9, 2, 10, 3, 11};
alignas(64) constexpr std::uint64_t kInterleaveHigh[8] = {4, 12, 5, 13, 6, 14, 7, 15};
alignas(64) constexpr std::uint64_t kEven[8] = {0, 2, 4, 6, 8, 10, 12, 14};
alignas(64) constexpr std::uint64_t kOdd[8] = {1, 3, 5, 7, 9, 11, 13, 15};

/// The twiddles of a tree, see NttTables.
struct Twiddles {
  const std::uint64_t* w;
  const std::uint64_t* ratio;

  template <typename V>
  Factor<V> one(std::size_t place) const {
    return {V::set1(w[place]), V::set1(ratio[place])};
  }
  /// Factor l + j: block j of the layer with l blocks below node `place`, l = 1, 2, …
  template <typename V, std::size_t kRadix>
  void load_tree(Factor<V> (&factors)[kRadix], std::size_t place) const {
    for (std::size_t l = 1; l < kRadix; l *= 2) {
      for (std::size_t j = 0; j < l; ++j) factors[l + j] = one<V>(l * place + j);
    }
  }
};

template <typename V>
struct Leaves {
  using Vec = typename V::Vec;

  struct Lanes {
    Vec low, high;
    Lanes(const std::uint64_t* l, const std::uint64_t* h) : low(V::load(l)), high(V::load(h)) {}
    void operator()(Vec& x, Vec& y) const {
      const Vec first = V::permute2(x, y, low);
      y = V::permute2(x, y, high);
      x = first;
    }
  };
  struct Factors {
    Factor<V> four, two, one;
    Factors(const Twiddles& t, std::size_t place)
        : four{V::load_two(t.w + place), V::load_two(t.ratio + place)},
          two{V::load_four(t.w + 2 * place), V::load_four(t.ratio + 2 * place)},
          one{V::load(t.w + 4 * place), V::load(t.ratio + 4 * place)} {}
  };

  /// `count` blocks (even) whose first is entry `place` of the tree, in a; calls store(k, value)
  /// with the vector of positions k … k + 7.
  template <Reduce kReduce, typename Store>
  static void forward(const Prime<V>& prime, const Reduction<V>& reduction, const Twiddles& t,
                      const std::uint64_t* a, std::size_t place, std::size_t count,
                      const Store& store) {
    const Prime<V> p = prime;
    const Reduction<V> reduce = reduction;
    const Lanes interleave(kInterleaveLow, kInterleaveHigh);
    for (std::size_t b = 0; b < count; b += 2) {
      const std::size_t k = b * V::kLanes;
      Vec x = V::load(a + k);
      Vec y = V::load(a + k + V::kLanes);
      const Factors w(t, place + b);
      interleave(x, y);
      if (kReduce != Reduce::kNever) x = reduce(x);
      forward_butterfly<V>(x, y, w.four, p);
      interleave(x, y);
      if (kReduce == Reduce::kEvery) x = reduce(x);
      forward_butterfly<V>(x, y, w.two, p);
      interleave(x, y);
      if (kReduce == Reduce::kEvery) x = reduce(x);
      forward_butterfly<V>(x, y, w.one, p);
      interleave(x, y);
      store(k, x);
      store(k + V::kLanes, y);
    }
  }

  /// The same backwards, words in [0, q) from `in` to values in out. `shift` holds the multiples of
  /// q that bound the operands of the three layers.
  template <Reduce kReduce>
  static void inverse(const Prime<V>& prime, const Reduction<V>& reduction, const Factor<V>& unit,
                      const Vec (&shift)[3], const Twiddles& t, const std::uint64_t* in,
                      std::uint64_t* out, std::size_t place, std::size_t count) {
    const Prime<V> p = prime;
    const Reduction<V> reduce = reduction;
    const Factor<V> one = unit;
    const Vec shift0 = shift[0], shift1 = shift[1], shift2 = shift[2];
    const Lanes deinterleave(kEven, kOdd);
    for (std::size_t b = 0; b < count; b += 2) {
      const std::size_t k = b * V::kLanes;
      Vec x = V::load(in + k);
      Vec y = V::load(in + k + V::kLanes);
      SERDAB_ASSERT(V::all_below(x, p.value) && V::all_below(y, p.value));
      const Factors w(t, place + b);
      deinterleave(x, y);
      inverse_butterfly<V>(x, y, w.one, shift0, p);
      deinterleave(x, y);
      inverse_butterfly<V>(x, y, w.two, shift1, p);
      if (kReduce == Reduce::kEvery) x = reduce(x);
      deinterleave(x, y);
      inverse_butterfly<V>(x, y, w.four, shift2, p);
      if (kReduce == Reduce::kEvery) x = reduce(x);
      if (kReduce == Reduce::kOnce) x = reduce_twice<V>(x, one, p);
      deinterleave(x, y);
      V::store(out + k, x);
      V::store(out + k + V::kLanes, y);
    }
  }
};

}  // namespace serdab::kernels::avx512ifma
