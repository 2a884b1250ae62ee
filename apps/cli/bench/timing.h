#pragma once

#include <chrono>
#include <limits>

#include "engine/base/clock.h"

namespace serdab::cli {

/// Best processor seconds of a call, on this thread, over as many calls as fit into `budget`
/// seconds (at least three, after one to warm up). The best is what the machine does when nobody
/// disturbs it.
template <typename F>
double best_seconds(F&& f, double budget = 0.25) {
  f();
  double best = std::numeric_limits<double>::infinity();
  double spent = 0;
  for (int i = 0; i < 3 || spent < budget; ++i) {
    const double begin = base::thread_seconds();
    f();
    const double seconds = base::thread_seconds() - begin;
    best = seconds < best ? seconds : best;
    spent += seconds;
  }
  return best;
}

/// The same by the clock on the wall, for calls that use several threads.
template <typename F>
double best_wall_seconds(F&& f, double budget = 0.25) {
  using Clock = std::chrono::steady_clock;
  f();
  double best = std::numeric_limits<double>::infinity();
  double spent = 0;
  for (int i = 0; i < 3 || spent < budget; ++i) {
    const auto begin = Clock::now();
    f();
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    best = seconds < best ? seconds : best;
    spent += seconds;
  }
  return best;
}

}  // namespace serdab::cli
