#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

/// A function not inlined would take an array of vectors through memory.
#define SERDAB_INLINE __attribute__((always_inline))

namespace serdab::kernels::avx512ifma {

/// body(i) for i = 0 … kCount − 1 with i a constant: arrays indexed by it stay in registers,
/// whatever the compiler's limits for unrolling are.
template <std::size_t kCount, typename Body>
SERDAB_INLINE inline void unroll(const Body& body) {
  [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) SERDAB_INLINE {
    (body(std::integral_constant<std::size_t, kIndex>()), ...);
  }
  (std::make_index_sequence<kCount>());
}

}  // namespace serdab::kernels::avx512ifma
