#include "networks/datasets/picture/curves.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "networks/datasets/picture/plot.h"
#include "networks/datasets/picture/replace_file.h"

namespace serdab::datasets {
namespace {

static_assert(kMaxSeries == kColours.size());

using base::ErrorCode;

void check(const std::optional<Interval>& interval) {
  base::require(!interval || (drawable(interval->low) && drawable(interval->high) &&
                              interval->low < interval->high),
                ErrorCode::kInvalidArgument, "an interval of a chart needs finite low < high");
}

void check(const Chart& chart) {
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
  check(chart.shown_y);
  check(chart.unshaded_x);
}

/// A plot with its axes; its place in the picture is still open.
Plot axes_of(const Chart& chart) {
  Extent x, y;
  for (const Series& series : chart.series) {
    for (const Point& p : series.points) {
      if (!drawable(p.y)) continue;
      x.include(p.x);
      y.include(p.y);
    }
  }
  if (x.low > x.high) x = y = {0, 1};  // nothing to draw
  if (chart.shown_y) y = {chart.shown_y->low, chart.shown_y->high};
  constexpr std::size_t kMostColumns = 10, kMostLines = 9;
  Plot plot;
  plot.x = make_axis(x.low, x.high, kMostColumns, false);
  plot.y = make_axis(y.low, y.high, kMostLines, !chart.shown_y);
  return plot;
}

void shade_outside(Picture& picture, const Plot& plot, const Interval& inside) {
  const auto column = [&](double value) {
    const double x = plot.place({value, plot.y.low}).x;
    return static_cast<std::size_t>(
        std::clamp(std::round(x), static_cast<double>(plot.left), static_cast<double>(plot.right)));
  };
  const std::size_t low = column(inside.low), high = column(inside.high);
  fill(picture, plot.left, plot.top, low - plot.left, plot.bottom - plot.top, kShade);
  fill(picture, high, plot.top, plot.right - high, plot.bottom - plot.top, kShade);
}

/// The part of a stretch with low <= y <= high; false if there is none.
bool cut(Point& a, Point& b, double low, double high) {
  if (std::max(a.y, b.y) < low || std::min(a.y, b.y) > high) return false;
  const auto at = [a, b](double y) {
    return Point{a.x + (b.x - a.x) * ((y - a.y) / (b.y - a.y)), y};
  };
  const auto moved = [&](Point p) { return p.y < low ? at(low) : p.y > high ? at(high) : p; };
  const Point first = moved(a);
  b = moved(b);
  a = first;
  return true;
}

void draw_series(Picture& picture, const Series& series, const Plot& plot, Colour colour) {
  std::vector<Point> piece;
  const auto finish = [&] {
    if (!piece.empty()) draw_line(picture, piece, piece.size() == 1 ? 7 : 2.5, colour);
    piece.clear();
  };
  const auto inside = [&](Point p) { return plot.y.low <= p.y && p.y <= plot.y.high; };
  for (std::size_t i = 0; i < series.points.size(); ++i) {
    const Point p = series.points[i];
    if (!drawable(p.y)) {
      finish();
      continue;
    }
    Point from = i > 0 && drawable(series.points[i - 1].y) ? series.points[i - 1] : p, to = p;
    if (!cut(from, to, plot.y.low, plot.y.high)) continue;
    if (piece.empty() && from.x < to.x) piece.push_back(plot.place(from));
    piece.push_back(plot.place(to));
    if (!inside(p)) finish();
  }
  finish();
}

std::size_t draw_names(Picture& picture, const Chart& chart, std::size_t top) {
  std::vector<std::string> names;
  for (const Series& series : chart.series) names.push_back(series.name);
  return draw_legend(picture, names, top);
}

/// The chart as a picture of its own; `left` is where its plot begins.
Picture draw(const Chart& chart, Plot plot, std::size_t height, std::size_t left) {
  Picture picture = blank_picture(kChartWidth, height);
  std::size_t below = chart.title.empty() ? kGap : draw_title(picture, chart.title);
  below = draw_names(picture, chart, below);
  draw_text(picture, chart.y_label, kGap, below, kInk, kText);
  plot.left = left;
  plot.right = kChartWidth - 3 * kGap;
  plot.top = below + text_height(kText) + 2 * kGap;
  plot.bottom = height - 2 * text_height(kText) - 4 * kGap;
  if (chart.unshaded_x) shade_outside(picture, plot, *chart.unshaded_x);
  draw_x_ticks(picture, plot);
  draw_y_ticks(picture, plot);
  draw_frame(picture, plot);
  const double middle = static_cast<double>(plot.left + plot.right) / 2;
  draw_text(picture, chart.x_label, centred(chart.x_label, kText, middle),
            height - kGap - text_height(kText), kInk, kText);
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    draw_series(picture, chart.series[i], plot, kColours[i]);
  }
  return picture;
}

}  // namespace

Picture line_chart(const Chart& chart) {
  check(chart);
  const Plot plot = axes_of(chart);
  return draw(chart, plot, kChartHeight, room_for_labels(plot.y));
}

Picture stacked_charts(std::span<const Chart> charts) {
  std::size_t left = 0;
  for (const Chart& chart : charts) {
    check(chart);
    left = std::max(left, room_for_labels(axes_of(chart).y));
  }
  Picture picture{0, kChartWidth, 3, {}};
  for (const Chart& chart : charts) {
    const Picture panel = draw(chart, axes_of(chart), kPanelHeight, left);
    picture.bytes.insert(picture.bytes.end(), panel.bytes.begin(), panel.bytes.end());
    picture.height += panel.height;
  }
  return picture;
}

void write_chart(const Chart& chart, const std::filesystem::path& file) {
  replace_png(line_chart(chart), file);
}

}  // namespace serdab::datasets
