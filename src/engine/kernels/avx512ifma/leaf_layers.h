#pragma once

#include "engine/kernels/avx512ifma/butterfly.h"
#include "engine/kernels/avx512ifma/ntt_plan.h"
#include "engine/kernels/avx512ifma/spread.h"
#include "engine/kernels/avx512ifma/unroll.h"

/// The three layers whose butterflies lie within a vector, for two blocks A and B of eight values
/// at a time. x takes the upper and y the lower operands of a layer:
///   distance 4   x = A0 B0 A1 B1 A2 B2 A3 B3   y = A4 B4 A5 B5 A6 B6 A7 B7
///   distance 2   x = A0 A4 B0 B4 A1 A5 B1 B5   y = A2 A6 B2 B6 A3 A7 B3 B7
///   distance 1   x = A0 A2 A4 A6 B0 B2 B4 B6   y = A1 A3 A5 A7 B1 B3 B5 B7
/// Every step, from A, B to the first and from the last to A, B too, is the same interleaving of
/// two vectors, and the twiddles of a layer are 2, 4 or 8 consecutive entries, repeated from left
/// to right: loads alone arrange them.
namespace serdab::kernels::avx512ifma {

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
  /// Pairs of blocks that go through the layers side by side: one alone is a chain of shuffles and
  /// multiplications that the core would wait for.
  static constexpr std::size_t kPairs = 4;

  template <std::size_t kCount>
  struct Pairs {
    Vec x[kCount], y[kCount];
    void load(const std::uint64_t* a) {
      unroll<kCount>([&](auto i) SERDAB_INLINE {
        x[i] = V::load(a + 2 * i * V::kLanes);
        y[i] = V::load(a + (2 * i + 1) * V::kLanes);
      });
    }
    void move(const Lanes& lanes) {
      unroll<kCount>([&](auto i) SERDAB_INLINE { lanes(x[i], y[i]); });
    }
    template <typename Butterfly>
    void layer(const Butterfly& butterfly) {
      unroll<kCount>([&](auto i) SERDAB_INLINE { butterfly(i, x[i], y[i]); });
    }
  };

  /// The twiddles of the pair of blocks from entry `place` of the tree on, by the operands'
  /// distance.
  static Factor<V> at_four(const Twiddles& t, std::size_t place) {
    return {V::load_two(t.w + place), V::load_two(t.ratio + place)};
  }
  static Factor<V> at_two(const Twiddles& t, std::size_t place) {
    return {V::load_four(t.w + 2 * place), V::load_four(t.ratio + 2 * place)};
  }
  static Factor<V> at_one(const Twiddles& t, std::size_t place) {
    return {V::load(t.w + 4 * place), V::load(t.ratio + 4 * place)};
  }

  /// Calls some(b) for kPairs pairs of blocks from the b-th on, and one(b) for a pair of the rest.
  template <typename Some, typename One>
  static void for_pairs(std::size_t count, const Some& some, const One& one) {
    std::size_t b = 0;
    for (; b + 2 * kPairs <= count; b += 2 * kPairs) some(b);
    for (; b < count; b += 2) one(b);
  }

  /// `count` blocks (even) whose first is entry `place` of the tree, in a; calls store(k, value)
  /// with the vector of positions k … k + 7.
  template <Reduce kReduce, typename Store>
  static void forward(const Prime<V>& prime, const Reduction<V>& reduction,
                      const Twiddles& twiddles, const std::uint64_t* a, std::size_t place,
                      std::size_t count, const Store& store_as) {
    const Prime<V> p = prime;
    const Reduction<V> reduce = reduction;
    const Twiddles t = twiddles;
    const Store store = store_as;
    const Lanes interleave(kInterleaveLow, kInterleaveHigh);
    const auto run = [&]<std::size_t kCount>(std::size_t b) SERDAB_INLINE {
      const std::size_t k = b * V::kLanes, node = place + b;
      Pairs<kCount> pairs;
      pairs.load(a + k);
      pairs.move(interleave);
      pairs.layer([&](std::size_t i, Vec& x, Vec& y) SERDAB_INLINE {
        if (kReduce != Reduce::kNever) x = reduce(x);
        forward_butterfly<V>(x, y, at_four(t, node + 2 * i), p);
      });
      pairs.move(interleave);
      pairs.layer([&](std::size_t i, Vec& x, Vec& y) SERDAB_INLINE {
        if (kReduce == Reduce::kEvery) x = reduce(x);
        forward_butterfly<V>(x, y, at_two(t, node + 2 * i), p);
      });
      pairs.move(interleave);
      pairs.layer([&](std::size_t i, Vec& x, Vec& y) SERDAB_INLINE {
        if (kReduce == Reduce::kEvery) x = reduce(x);
        forward_butterfly<V>(x, y, at_one(t, node + 2 * i), p);
      });
      pairs.move(interleave);
      pairs.layer([&](std::size_t i, Vec& x, Vec& y) SERDAB_INLINE {
        store(k + 2 * i * V::kLanes, x);
        store(k + (2 * i + 1) * V::kLanes, y);
      });
    };
    for_pairs(
        count, [&](std::size_t b) { run.template operator()<kPairs>(b); },
        [&](std::size_t b) { run.template operator()<1>(b); });
  }

  /// The same backwards, words in [0, q) from `in` to values in out. `shift` holds the multiples of
  /// q that bound the operands of the three layers.
  template <Reduce kReduce>
  static void inverse(const Prime<V>& prime, const Reduction<V>& reduction, const Factor<V>& unit,
                      const Vec (&shift)[3], const Twiddles& twiddles, const std::uint64_t* in,
                      std::uint64_t* out, std::size_t place, std::size_t count) {
    const Prime<V> p = prime;
    const Reduction<V> reduce = reduction;
    const Factor<V> one = unit;
    const Twiddles t = twiddles;
    const Vec shift0 = shift[0], shift1 = shift[1], shift2 = shift[2];
    const Lanes deinterleave(kEven, kOdd);
    const auto run = [&]<std::size_t kCount>(std::size_t b) SERDAB_INLINE {
      const std::size_t k = b * V::kLanes, node = place + b;
      Pairs<kCount> pairs;
      pairs.load(in + k);
      pairs.move(deinterleave);
      pairs.layer([&](std::size_t i, Vec& x, Vec& y) SERDAB_INLINE {
        SERDAB_ASSERT(V::all_below(x, p.value) && V::all_below(y, p.value));
        inverse_butterfly<V>(x, y, at_one(t, node + 2 * i), shift0, p);
      });
      pairs.move(deinterleave);
      pairs.layer([&](std::size_t i, Vec& x, Vec& y) SERDAB_INLINE {
        inverse_butterfly<V>(x, y, at_two(t, node + 2 * i), shift1, p);
        if (kReduce == Reduce::kEvery) x = reduce(x);
      });
      pairs.move(deinterleave);
      pairs.layer([&](std::size_t i, Vec& x, Vec& y) SERDAB_INLINE {
        inverse_butterfly<V>(x, y, at_four(t, node + 2 * i), shift2, p);
        if (kReduce == Reduce::kEvery) x = reduce(x);
        if (kReduce == Reduce::kOnce) x = reduce_twice<V>(x, one, p);
      });
      pairs.move(deinterleave);
      pairs.layer([&](std::size_t i, Vec& x, Vec& y) SERDAB_INLINE {
        V::store(out + k + 2 * i * V::kLanes, x);
        V::store(out + k + (2 * i + 1) * V::kLanes, y);
      });
    };
    for_pairs(
        count, [&](std::size_t b) { run.template operator()<kPairs>(b); },
        [&](std::size_t b) { run.template operator()<1>(b); });
  }
};

}  // namespace serdab::kernels::avx512ifma
