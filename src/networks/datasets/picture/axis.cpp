#include "networks/datasets/picture/axis.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace serdab::datasets {
namespace {

/// The smallest of 1, 2, 5 times a power of ten that is at least `step`.
double round_up(double step) {
  const double power = std::pow(10.0, std::floor(std::log10(step)));
  for (double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= step * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

std::string tick_label(double value, double step, double largest) {
  char text[40];
  const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  if (decimals > 5 || largest >= 1e6) {
    std::snprintf(text, sizeof(text), "%.3g", value);
  } else {
    std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  }
  return text;
}

}  // namespace

Axis make_axis(double low, double high, std::size_t most_ticks, bool round_ends) {
  const double largest = std::max(std::abs(low), std::abs(high));
  if (high - low <= 1e-9 * largest || high - low < 1e-100) {
    const double room = largest > 0 ? 0.05 * largest : 1.0;
    low -= room;
    high += room;
  }
  double step = round_up((high - low) / static_cast<double>(most_ticks));
  const auto steps = [&] { return std::ceil(high / step - 1e-9) - std::floor(low / step + 1e-9); };
  // Rounded outwards there is one more interval than the step was chosen for.
  while (round_ends && steps() + 1 > static_cast<double>(most_ticks)) step = round_up(step * 1.01);
  Axis axis{low, high, {}, {}};
  if (round_ends) {
    axis.low = std::floor(low / step + 1e-9) * step;
    axis.high = std::ceil(high / step - 1e-9) * step;
  }
  const double first = std::ceil(axis.low / step - 1e-9),
               last = std::floor(axis.high / step + 1e-9);
  for (double k = first; k <= last; ++k) {
    const double value = k == 0 ? 0.0 : k * step;  // no "-0"
    axis.ticks.push_back(value);
    axis.labels.push_back(tick_label(value, step, largest));
  }
  return axis;
}

}  // namespace serdab::datasets
