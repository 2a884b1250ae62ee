#pragma once

#include <algorithm>

#include "engine/kernels/avx512ifma/residues.h"

namespace serdab::kernels::avx512ifma {

/// Lanes of two vectors, taken in turn, and back.
alignas(64) constexpr std::uint64_t kInterleaveLow[8] = {0, 8, 1, 9, 2, 10, 3, 11};
alignas(64) constexpr std::uint64_t kInterleaveHigh[8] = {4, 12, 5, 13, 6, 14, 7, 15};
alignas(64) constexpr std::uint64_t kEven[8] = {0, 2, 4, 6, 8, 10, 12, 14};
alignas(64) constexpr std::uint64_t kOdd[8] = {1, 3, 5, 7, 9, 11, 13, 15};

alignas(64) constexpr std::uint64_t kSpread[3][8] = {
    {0, 1, 2, 3, 4, 5, 6, 7}, {0, 0, 1, 1, 2, 2, 3, 3}, {0, 0, 0, 0, 1, 1, 1, 1}};

/// Words of eight or four bytes, each 2^kLog lanes long.
template <typename V, unsigned kLog, typename Word>
inline typename V::Vec spread(const Word* a) {
  const auto words = V::template load_first<(V::kLanes >> kLog)>(a);
  if constexpr (kLog == 0 || kLog == 3)
    return words;
  else
    return V::permute(words, V::load(kSpread[kLog]));
}

}  // namespace serdab::kernels::avx512ifma
