#include "engine/base/clock.h"

#include <time.h>

#include <algorithm>
#include <bit>
#include <cstdint>

namespace serdab::base {

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double clock_rate() {
  constexpr int kChain = 16, kRounds = 125'000;
  double best = 0;
  for (int attempt = 0; attempt < 200; ++attempt) {  // long enough for the core to speed up
    const double begin = thread_seconds();
    std::uint64_t x = 1;
    for (int i = 0; i < kRounds; ++i) {
#pragma GCC unroll 16
      for (int k = 0; k < kChain; ++k) {
        x = std::rotl(x, 1);
        asm volatile("" : "+r"(x));  // keeps the rotations apart and in order
      }
    }
    best = std::max(best, kChain * kRounds / (thread_seconds() - begin));
  }
  return best;
}

}  // namespace serdab::base
