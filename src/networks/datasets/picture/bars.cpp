#include "networks/datasets/picture/bars.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "networks/datasets/picture/plot.h"

namespace serdab::datasets {
namespace {

constexpr std::size_t kPlotHeight = 250, kLeastWidth = 900, kRight = 3 * kGap;
constexpr std::size_t kNarrowest = 18, kWidestBar = 60;  ///< a name needs 14 pixels
constexpr std::size_t kLongestName = 26;

void check(const BarChart& chart) {
  const auto require = [](bool condition, const char* message) {
    base::require(condition, base::ErrorCode::kInvalidArgument, message);
  };
  require(chart.names.size() <= kMostBars, "a chart has at most 400 bars");
  for (const BarPanel& panel : chart.panels) {
    require(panel.stacks.size() <= kColours.size(), "a bar has at most 8 colours");
    require(panel.marks.empty() || panel.marks.size() == chart.names.size(),
            "a chart needs a mark for every bar or none");
    for (const Stack& stack : panel.stacks) {
      require(stack.values.size() == chart.names.size(), "a chart needs a value for every bar");
      require(std::all_of(stack.values.begin(), stack.values.end(),
                          [](double v) { return drawable(v) && v >= 0; }),
              "the values of bars must be finite and not negative");
    }
  }
}

std::string shortened(const std::string& name) {
  if (name.size() <= kLongestName) return name;
  const std::size_t kept = kLongestName - 2, head = kept / 2;
  return name.substr(0, head) + ".." + name.substr(name.size() - (kept - head));
}

Axis axis_of(const BarPanel& panel, std::size_t bars) {
  double highest = 0;
  for (std::size_t i = 0; i < bars; ++i) {
    double sum = 0;
    for (const Stack& stack : panel.stacks) sum += stack.values[i];
    highest = std::max(highest, sum);
  }
  constexpr std::size_t kMostLines = 7;
  return make_axis(0, highest > 0 ? highest : 1, kMostLines, true);
}

/// Where things are, in pixels.
struct Layout {
  std::size_t left = 0, slot = 0, width = 0, names_height = 0;

  double middle(std::size_t bar) const {
    return static_cast<double>(left) + (static_cast<double>(bar) + 0.5) * static_cast<double>(slot);
  }
};

Layout lay_out(const BarChart& chart) {
  Layout layout;
  for (const BarPanel& panel : chart.panels) {
    layout.left = std::max(layout.left, room_for_labels(axis_of(panel, chart.names.size())));
  }
  const std::size_t bars = std::max<std::size_t>(1, chart.names.size());
  layout.slot = std::max(kNarrowest, (kLeastWidth - layout.left - kRight) / bars);
  layout.width = std::max(kLeastWidth, layout.left + bars * layout.slot + kRight);
  for (const std::string& name : chart.names) {
    layout.names_height = std::max(layout.names_height, text_width(shortened(name), kText));
  }
  return layout;
}

/// The size at which every mark of a panel has room above its bar.
std::size_t mark_size(const BarPanel& panel, const Layout& layout) {
  const bool fit =
      std::all_of(panel.marks.begin(), panel.marks.end(),
                  [&](const std::string& mark) { return text_width(mark, kText) <= layout.slot; });
  return fit ? kText : 1;
}

void draw_bar(Picture& picture, const Plot& plot, const BarPanel& panel, const Layout& layout,
              std::size_t bar) {
  const std::size_t width = std::min(kWidestBar, layout.slot - layout.slot / 4);
  const auto left = static_cast<std::size_t>(layout.middle(bar)) - width / 2;
  const auto row = [&](double value) {
    return static_cast<std::size_t>(std::lround(plot.place({0, value}).y));
  };
  double sum = 0;
  for (std::size_t k = 0; k < panel.stacks.size(); ++k) {
    const std::size_t below = row(sum);
    sum += panel.stacks[k].values[bar];
    fill(picture, left, row(sum), width, below - row(sum), kColours[k]);
  }
  if (panel.marks.empty()) return;
  const std::string& mark = panel.marks[bar];
  const std::size_t size = mark_size(panel, layout);
  draw_text(picture, mark, centred(mark, size, layout.middle(bar)),
            row(sum) - text_height(size) - 3, kInk, size);
}

/// Label, legend and bars; returns the row below.
std::size_t draw_panel(Picture& picture, const BarPanel& panel, const Layout& layout,
                       std::size_t bars, std::size_t top) {
  draw_text(picture, panel.y_label, kGap, top, kInk, kText);
  top += text_height(kText) + 2 * kGap;
  if (panel.stacks.size() > 1) {
    std::vector<std::string> names;
    for (const Stack& stack : panel.stacks) names.push_back(stack.name);
    top = draw_legend(picture, names, top);
  }
  if (!panel.marks.empty()) top += text_height(kText);
  Plot plot{layout.left, top, layout.width - kRight, top + kPlotHeight, {}, axis_of(panel, bars)};
  draw_y_ticks(picture, plot);
  for (std::size_t bar = 0; bar < bars; ++bar) draw_bar(picture, plot, panel, layout, bar);
  draw_frame(picture, plot);
  return plot.bottom + 3 * kGap;
}

/// Rows that draw_panel takes; the legend may need several lines, so it is drawn to see.
std::size_t panels_height(const BarChart& chart, const Layout& layout) {
  std::size_t height = 0;
  for (const BarPanel& panel : chart.panels) {
    Picture trial = blank_picture(layout.width, 1);
    height = draw_panel(trial, panel, layout, 0, height);
  }
  return height;
}

}  // namespace

Picture bar_chart(const BarChart& chart) {
  check(chart);
  const Layout layout = lay_out(chart);
  const std::size_t title = kGap + 4 + text_height(kTitle) + 2 * kGap;
  const std::size_t height =
      title + panels_height(chart, layout) + layout.names_height + text_height(kText) + 3 * kGap;
  Picture picture = blank_picture(layout.width, height);
  std::size_t below = draw_title(picture, chart.title);
  for (const BarPanel& panel : chart.panels) {
    below = draw_panel(picture, panel, layout, chart.names.size(), below);
  }
  for (std::size_t bar = 0; bar < chart.names.size(); ++bar) {
    const std::string name = shortened(chart.names[bar]);
    draw_text_upwards(picture, name,
                      static_cast<std::size_t>(layout.middle(bar)) - text_height(kText) / 2,
                      below + text_width(name, kText), kInk, kText);
  }
  const double middle = static_cast<double>(layout.left + layout.width - kRight) / 2;
  draw_text(picture, chart.x_label, centred(chart.x_label, kText, middle),
            below + layout.names_height + kGap, kInk, kText);
  return picture;
}

}  // namespace serdab::datasets
