#pragma once

#include <algorithm>

#include "engine/kernels/avx512ifma/residues.h"

namespace serdab::kernels::avx512ifma {

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
