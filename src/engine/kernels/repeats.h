#pragma once

#include <type_traits>

namespace serdab::kernels {

/// Calls f with std::integral_constant<unsigned, min(log_repeats, kMost)>: from kMost on one value
/// fills all lanes, and no more forms are needed.
template <unsigned kMost, unsigned kLog = 0, typename Function>
inline void with_repeats(unsigned log_repeats, const Function& f) {
  if constexpr (kLog < kMost) {
    if (log_repeats > kLog) return with_repeats<kMost, kLog + 1>(log_repeats, f);
  }
  f(std::integral_constant<unsigned, kLog>());
}

}  // namespace serdab::kernels
