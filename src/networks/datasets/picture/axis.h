#pragma once

#include <string>
#include <vector>

namespace serdab::datasets {

/// One axis of a chart, in the chart's units.
struct Axis {
  double low = 0.0, high = 1.0;     ///< ends of what is drawn, low < high
  std::vector<double> ticks;        ///< ascending, within the ends
  std::vector<std::string> labels;  ///< one per tick, all with as many decimals as the step needs

  /// 0 at the low end, 1 at the high end.
  double position(double value) const { return (value - low) / (high - low); }
};

/// An axis over [low, high] with at most `most_ticks` ticks at multiples of 1, 2 or 5 times a power
/// of ten; with `round_ends` the ends are moved out to ticks. low == high is widened. Both finite,
/// at most 1e100; most_ticks >= 2.
Axis make_axis(double low, double high, std::size_t most_ticks, bool round_ends);

}  // namespace serdab::datasets
