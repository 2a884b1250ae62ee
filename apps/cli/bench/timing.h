#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>

#include "engine/base/clock.h"

namespace serdab::cli {

/// The smallest mean seconds of a call by `clock`: samples are long enough for the clock to be
/// exact, and as many as fit into `budget` seconds (at least three, after a call to warm up). The
/// smallest is what the machine does when nobody disturbs it.
template <typename Clock, typename F>
double best_by(Clock&& clock, F&& f, double budget) {
  constexpr double kSample = 2e-3;
  f();
  std::size_t calls = 1;
  double best = std::numeric_limits<double>::infinity();
  double spent = 0;
  for (int samples = 0; samples < 3 || spent < budget;) {
    const double begin = clock();
    for (std::size_t i = 0; i < calls; ++i) f();
    const double seconds = clock() - begin;
    spent += seconds;
    if (seconds < kSample) {
      calls *= 2;
      continue;
    }
    best = std::min(best, seconds / static_cast<double>(calls));
    ++samples;
  }
  return best;
}

/// Processor seconds of this thread.
template <typename F>
double best_seconds(F&& f, double budget = 0.25) {
  return best_by(base::thread_seconds, f, budget);
}

/// Seconds by the clock on the wall, for calls that use several threads.
template <typename F>
double best_wall_seconds(F&& f, double budget = 0.25) {
  const auto now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  return best_by(now, f, budget);
}

}  // namespace serdab::cli
