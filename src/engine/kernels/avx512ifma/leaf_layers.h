#pragma once

#include "engine/kernels/avx512ifma/butterfly.h"

/// The three layers whose butterflies lie within a vector, for two blocks A and B of eight values
/// at a time. x takes the upper and y the lower operands of a layer:
///   distance 4   x = A0 A1 A2 A3 B0 B1 B2 B3   y = A4 A5 A6 A7 B4 B5 B6 B7
///   distance 2   x = A0 A1 A4 A5 B0 B1 B4 B5   y = A2 A3 A6 A7 B2 B3 B6 B7
///   distance 1   x = A0 A2 A4 A6 B0 B2 B4 B6   y = A1 A3 A5 A7 B1 B3 B5 B7
/// In each, the twiddles are those of consecutive blocks, repeated 4, 2 or 1 times.
namespace serdab::kernels::avx512ifma {

alignas(64) constexpr std::uint64_t kFourLow[8] = {0, 1, 2, 3, 8, 9, 10, 11};
alignas(64) constexpr std::uint64_t kFourHigh[8] = {4, 5, 6, 7, 12, 13, 14, 15};
alignas(64) constexpr std::uint64_t kTwoLow[8] = {0, 1, 8, 9, 4, 5, 12, 13};
alignas(64) constexpr std::uint64_t kTwoHigh[8] = {2, 3, 10, 11, 6, 7, 14, 15};
alignas(64) constexpr std::uint64_t kOneLow[8] = {0, 8, 2, 10, 4, 12, 6, 14};
alignas(64) constexpr std::uint64_t kOneHigh[8] = {1, 9, 3, 11, 5, 13, 7, 15};
alignas(64) constexpr std::uint64_t kNaturalLow[8] = {0, 8, 1, 9, 2, 10, 3, 11};
alignas(64) constexpr std::uint64_t kNaturalHigh[8] = {4, 12, 5, 13, 6, 14, 7, 15};
alignas(64) constexpr std::uint64_t kEven[8] = {0, 2, 4, 6, 8, 10, 12, 14};
alignas(64) constexpr std::uint64_t kOdd[8] = {1, 3, 5, 7, 9, 11, 13, 15};
alignas(64) constexpr std::uint64_t kRepeatFour[8] = {0, 0, 0, 0, 1, 1, 1, 1};
alignas(64) constexpr std::uint64_t kRepeatTwo[8] = {0, 0, 1, 1, 2, 2, 3, 3};

/// (x, y) -> the lanes `low` and `high` of x followed by y.
template <typename V>
inline void regroup(typename V::Vec& x, typename V::Vec& y, const std::uint64_t* low,
                    const std::uint64_t* high) {
  const auto first = V::permute2(x, y, V::load(low));
  y = V::permute2(x, y, V::load(high));
  x = first;
}

/// Twiddles from entry `place`, each repeated as `repeat` says.
template <typename V>
inline Factor<V> leaf_factor(const std::uint64_t* w, const std::uint64_t* shoup, std::size_t place,
                             const std::uint64_t* repeat) {
  const auto index = V::load(repeat);
  return {V::permute(V::load(w + place), index),
          V::shift_right(V::permute(V::load(shoup + place), index), 12)};
}
template <typename V>
inline Factor<V> leaf_factor(const std::uint64_t* w, const std::uint64_t* shoup,
                             std::size_t place) {
  return {V::load(w + place), V::shift_right(V::load(shoup + place), 12)};
}

/// `count` blocks (even) whose first is entry `place` of the tree; values in [0, 4q) to [0, q). The
/// loads of eight twiddles at distance 4 and 2 end before the table does: entries behind belong to
/// later layers.
template <typename V>
void forward_leaves(const Prime<V>& p, const std::uint64_t* w, const std::uint64_t* shoup,
                    std::uint64_t* a, std::size_t place, std::size_t count) {
  for (std::size_t b = 0; b < count; b += 2, a += 2 * V::kLanes) {
    auto x = V::load(a);
    auto y = V::load(a + V::kLanes);
    regroup<V>(x, y, kFourLow, kFourHigh);
    forward_butterfly<V>(x, y, leaf_factor<V>(w, shoup, place + b, kRepeatFour), p);
    regroup<V>(x, y, kTwoLow, kTwoHigh);
    forward_butterfly<V>(x, y, leaf_factor<V>(w, shoup, 2 * (place + b), kRepeatTwo), p);
    regroup<V>(x, y, kOneLow, kOneHigh);
    forward_butterfly<V>(x, y, leaf_factor<V>(w, shoup, 4 * (place + b)), p);
    regroup<V>(x, y, kNaturalLow, kNaturalHigh);
    V::store(a, canonical<V>(x, p));
    V::store(a + V::kLanes, canonical<V>(y, p));
  }
}

/// The same backwards; values in [0, q) to [0, 2q).
template <typename V>
void inverse_leaves(const Prime<V>& p, const std::uint64_t* w, const std::uint64_t* shoup,
                    std::uint64_t* a, std::size_t place, std::size_t count) {
  for (std::size_t b = 0; b < count; b += 2, a += 2 * V::kLanes) {
    auto x = V::load(a);
    auto y = V::load(a + V::kLanes);
    regroup<V>(x, y, kEven, kOdd);
    inverse_butterfly<V>(x, y, leaf_factor<V>(w, shoup, 4 * (place + b)), p);
    regroup<V>(x, y, kOneLow, kOneHigh);
    inverse_butterfly<V>(x, y, leaf_factor<V>(w, shoup, 2 * (place + b), kRepeatTwo), p);
    regroup<V>(x, y, kTwoLow, kTwoHigh);
    inverse_butterfly<V>(x, y, leaf_factor<V>(w, shoup, place + b, kRepeatFour), p);
    regroup<V>(x, y, kFourLow, kFourHigh);
    V::store(a, x);
    V::store(a + V::kLanes, y);
  }
}

}  // namespace serdab::kernels::avx512ifma
