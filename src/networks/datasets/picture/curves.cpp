#include "networks/datasets/picture/curves.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/error.h"
#include "networks/datasets/picture/axis.h"
#include "networks/datasets/picture/replace_file.h"

namespace serdab::datasets {
namespace {

constexpr Colour kInk{40, 40, 40}, kGrid{225, 225, 225};
// Okabe and Ito's colours, which the colour-blind can tell apart, the yellow one darkened.
constexpr Colour kColours[kMaxSeries] = {{0, 114, 178},   {213, 94, 0},   {0, 158, 115},
                                         {204, 121, 167}, {86, 180, 233}, {230, 159, 0},
                                         {150, 140, 0},   {90, 90, 90}};
constexpr std::size_t kText = 2, kTitle = 3;  ///< sizes of the font
constexpr std::size_t kGap = 8;

bool drawable(double y) { return std::isfinite(y) && std::abs(y) <= 1e100; }

void check(const Chart& chart) {
  using base::ErrorCode;
  base::require(chart.series.size() <= kMaxSeries, ErrorCode::kInvalidArgument,
                "a chart shows at most 8 series");
  for (const Series& series : chart.series) {
    for (std::size_t i = 0; i < series.points.size(); ++i) {
      base::require(drawable(series.points[i].x), ErrorCode::kInvalidArgument,
                    "a point of a chart has no finite x");
      base::require(i == 0 || series.points[i - 1].x < series.points[i].x,
                    ErrorCode::kInvalidArgument, "the points of a series must ascend in x");
    }
  }
}

/// Where the curves go, and the axes along its sides. Pixels.
struct Plot {
  std::size_t left, top, right, bottom;
  Axis x, y;

  Point place(Point p) const {
    const auto width = static_cast<double>(right - left),
               height = static_cast<double>(bottom - top);
    return {static_cast<double>(left) + x.position(p.x) * width,
            static_cast<double>(bottom) - y.position(p.y) * height};
  }
};

struct Extent {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

Plot lay_out(const Chart& chart, std::size_t top) {
  Extent x, y;
  for (const Series& series : chart.series) {
    for (const Point& p : series.points) {
      if (!drawable(p.y)) continue;
      x.include(p.x);
      y.include(p.y);
    }
  }
  if (x.low > x.high) x = y = {0, 1};  // nothing to draw
  constexpr std::size_t kMostColumns = 10, kMostLines = 9;
  Plot plot{0,
            top,
            kChartWidth - 3 * kGap,
            0,
            make_axis(x.low, x.high, kMostColumns, false),
            make_axis(y.low, y.high, kMostLines, true)};
  std::size_t widest = 0;
  for (const auto& label : plot.y.labels) widest = std::max(widest, text_width(label, kText));
  plot.left = widest + 3 * kGap;
  plot.bottom = kChartHeight - 2 * text_height(kText) - 4 * kGap;
  return plot;
}

std::size_t centred(const std::string& text, std::size_t size, double middle) {
  const double left = middle - static_cast<double>(text_width(text, size)) / 2;
  return static_cast<std::size_t>(std::max(0.0, left));
}

/// Returns the row of pixels below it.
std::size_t draw_title(Picture& picture, const std::string& title) {
  const std::size_t size = text_width(title, kTitle) < kChartWidth ? kTitle : kText;
  draw_text(picture, title, centred(title, size, kChartWidth / 2.0), kGap + 4, kInk, size);
  return kGap + 4 + text_height(kTitle) + 2 * kGap;
}

/// Names beside a stroke of their colour, in as many lines as they need. Returns the row below.
std::size_t draw_legend(Picture& picture, const Chart& chart, std::size_t top) {
  constexpr std::size_t kStroke = 30;
  std::size_t left = 3 * kGap;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const std::string& name = chart.series[i].name;
    const std::size_t width = kStroke + kGap + text_width(name, kText) + 3 * kGap;
    if (left > 3 * kGap && left + width > kChartWidth) {
      left = 3 * kGap;
      top += text_height(kText) + kGap;
    }
    const auto x = static_cast<double>(left);
    const double y = static_cast<double>(top) + static_cast<double>(text_height(kText)) / 2;
    const Point stroke[] = {{x, y}, {x + kStroke, y}};
    draw_line(picture, stroke, 4, kColours[i]);
    draw_text(picture, name, left + kStroke + kGap, top, kInk, kText);
    left += width;
  }
  return top + text_height(kText) + 2 * kGap;
}

void draw_axes(Picture& picture, const Chart& chart, const Plot& plot) {
  for (std::size_t i = 0; i < plot.x.ticks.size(); ++i) {
    const double x = plot.place({plot.x.ticks[i], plot.y.low}).x;
    fill(picture, static_cast<std::size_t>(std::lround(x)), plot.top, 1, plot.bottom + 6 - plot.top,
         kGrid);
    draw_text(picture, plot.x.labels[i], centred(plot.x.labels[i], kText, x),
              plot.bottom + kGap + 2, kInk, kText);
  }
  for (std::size_t i = 0; i < plot.y.ticks.size(); ++i) {
    const auto y =
        static_cast<std::size_t>(std::lround(plot.place({plot.x.low, plot.y.ticks[i]}).y));
    fill(picture, plot.left - 6, y, plot.right + 6 - plot.left, 1, kGrid);
    const std::string& label = plot.y.labels[i];
    draw_text(picture, label, plot.left - kGap - text_width(label, kText),
              y - text_height(kText) / 2, kInk, kText);
  }
  fill(picture, plot.left, plot.top, 1, plot.bottom - plot.top, kInk);
  fill(picture, plot.left, plot.bottom, plot.right - plot.left, 1, kInk);
  const double middle = static_cast<double>(plot.left + plot.right) / 2;
  draw_text(picture, chart.x_label, centred(chart.x_label, kText, middle),
            kChartHeight - kGap - text_height(kText), kInk, kText);
}

void draw_series(Picture& picture, const Series& series, const Plot& plot, Colour colour) {
  std::vector<Point> piece;
  const auto finish = [&] {
    if (!piece.empty()) draw_line(picture, piece, piece.size() == 1 ? 7 : 2.5, colour);
    piece.clear();
  };
  for (const Point& p : series.points) {
    if (drawable(p.y)) {
      piece.push_back(plot.place(p));
    } else {
      finish();
    }
  }
  finish();
}

}  // namespace

Picture line_chart(const Chart& chart) {
  check(chart);
  Picture picture = blank_picture(kChartWidth, kChartHeight);
  std::size_t below = draw_title(picture, chart.title);
  below = draw_legend(picture, chart, below);
  draw_text(picture, chart.y_label, kGap, below, kInk, kText);
  const Plot plot = lay_out(chart, below + text_height(kText) + 2 * kGap);
  draw_axes(picture, chart, plot);
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    draw_series(picture, chart.series[i], plot, kColours[i]);
  }
  return picture;
}

void write_chart(const Chart& chart, const std::filesystem::path& file) {
  const Picture picture = line_chart(chart);
  replace_file(file, [&](const std::filesystem::path& part) { write_png(picture, part); });
}

}  // namespace serdab::datasets
