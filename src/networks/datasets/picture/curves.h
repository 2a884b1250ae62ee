#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "networks/datasets/formats/png.h"
#include "networks/datasets/picture/canvas.h"

namespace serdab::datasets {

/// A curve. Points whose y is no finite number (of at most 1e100) interrupt it.
struct Series {
  std::string name;
  std::vector<Point> points;  ///< in the chart's units, x ascending and finite
};

/// A stretch of an axis, low < high, both finite and at most 1e100.
struct Interval {
  double low = 0.0;
  double high = 1.0;
};

/// What a line chart shows: loss or accuracy over the steps of a training, a function and a
/// polynomial in its place.
struct Chart {
  std::string title;
  std::string x_label = "step";
  std::string y_label;
  std::vector<Series> series;               ///< at most kMaxSeries
  std::optional<Interval> shown_y = {};     ///< curves are cut there; else all that is finite
  std::optional<Interval> unshaded_x = {};  ///< grey lies left and right of it
};

inline constexpr std::size_t kMaxSeries = 8;  ///< as many colours can be told apart
inline constexpr std::size_t kChartWidth = 900, kChartHeight = 500, kPanelHeight = 400;

/// The chart as an RGB picture of kChartWidth x kChartHeight: title, legend, axes with ticks and
/// numbers, grid, curves. A point that stands alone is a dot. Throws base::Error (kInvalidArgument)
/// for too many series or points that are not as described.
Picture line_chart(const Chart& chart);

/// Charts one below the other, each kPanelHeight high, their plots with the same left end; a chart
/// without a title has no room for one. Throws as line_chart.
Picture stacked_charts(std::span<const Chart> charts);

/// Writes line_chart as a PNG under a temporary name, then renames it. Throws base::Error (kIo).
void write_chart(const Chart& chart, const std::filesystem::path& file);

/// The same numbers as CSV: a header of x_label and the names, then a line for every x that any
/// series has, with the cell empty where a series has no point and "nan" or "inf" where its value
/// is that; 17 digits. Written under a temporary name, then renamed. Throws base::Error as above.
void write_csv(const Chart& chart, const std::filesystem::path& file);

}  // namespace serdab::datasets
