#include "engine/base/clock.h"

#include <time.h>

#include <algorithm>
#include <cstdint>

namespace serdab::base {

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double clock_rate() {
  constexpr int kAdditions = 2'000'000;
  double best = 0;
  for (int attempt = 0; attempt < 200; ++attempt) {  // long enough for the core to speed up
    const double begin = thread_seconds();
    std::uint64_t x = 0;
    for (int i = 0; i < kAdditions; ++i) {
      x += 1;
      asm volatile("" : "+r"(x));  // keeps the additions apart and in order
    }
    best = std::max(best, kAdditions / (thread_seconds() - begin));
  }
  return best;
}

}  // namespace serdab::base
