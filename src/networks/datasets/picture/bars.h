#pragma once

#include <span>
#include <string>
#include <vector>

#include "networks/datasets/formats/png.h"

namespace serdab::datasets {

/// One colour of a bar: a value for each name along the chart.
struct Stack {
  std::string name;
  std::vector<double> values;  ///< finite, 0 to 1e100
};

/// One row of bars; the stacks lie on one another.
struct BarPanel {
  std::string y_label;
  std::vector<Stack> stacks;       ///< at most 8
  std::vector<std::string> marks;  ///< written small above the bars, or none at all
};

/// Bars side by side, in panels one below the other that have the same names.
struct BarChart {
  std::string title;
  std::vector<std::string> names;  ///< of the bars, written upwards below the last panel
  std::string x_label;
  std::vector<BarPanel> panels;
};

inline constexpr std::size_t kMostBars = 400;

/// The chart as an RGB picture, at least 900 pixels wide, wider where there are many bars; long
/// names are cut in their middle. Throws base::Error (kInvalidArgument) for more than kMostBars, or
/// stacks and marks that are not as described.
Picture bar_chart(const BarChart& chart);

}  // namespace serdab::datasets
