#include "networks/datasets/picture/plot.h"

#include <algorithm>
#include <cmath>

namespace serdab::datasets {

bool drawable(double value) { return std::isfinite(value) && std::abs(value) <= 1e100; }

void Extent::include(double value) {
  low = std::min(low, value);
  high = std::max(high, value);
}

Point Plot::place(Point p) const {
  const auto width = static_cast<double>(right - left), height = static_cast<double>(bottom - top);
  return {static_cast<double>(left) + x.position(p.x) * width,
          static_cast<double>(bottom) - y.position(p.y) * height};
}

std::size_t room_for_labels(const Axis& y) {
  std::size_t widest = 0;
  for (const auto& label : y.labels) widest = std::max(widest, text_width(label, kText));
  return widest + 3 * kGap;
}

std::size_t centred(const std::string& text, std::size_t size, double middle) {
  const double left = middle - static_cast<double>(text_width(text, size)) / 2;
  return static_cast<std::size_t>(std::max(0.0, left));
}

std::size_t draw_title(Picture& picture, const std::string& title) {
  const std::size_t size = text_width(title, kTitle) < picture.width ? kTitle : kText;
  draw_text(picture, title, centred(title, size, static_cast<double>(picture.width) / 2), kGap + 4,
            kInk, size);
  return kGap + 4 + text_height(kTitle) + 2 * kGap;
}

std::size_t draw_legend(Picture& picture, std::span<const std::string> names, std::size_t top) {
  constexpr std::size_t kStroke = 30;
  std::size_t left = 3 * kGap;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::size_t width = kStroke + kGap + text_width(names[i], kText) + 3 * kGap;
    if (left > 3 * kGap && left + width > picture.width) {
      left = 3 * kGap;
      top += text_height(kText) + kGap;
    }
    const auto x = static_cast<double>(left);
    const double y = static_cast<double>(top) + static_cast<double>(text_height(kText)) / 2;
    const Point stroke[] = {{x, y}, {x + kStroke, y}};
    draw_line(picture, stroke, 4, kColours[i]);
    draw_text(picture, names[i], left + kStroke + kGap, top, kInk, kText);
    left += width;
  }
  return top + text_height(kText) + 2 * kGap;
}

void draw_x_ticks(Picture& picture, const Plot& plot) {
  for (std::size_t i = 0; i < plot.x.ticks.size(); ++i) {
    const double x = plot.place({plot.x.ticks[i], plot.y.low}).x;
    fill(picture, static_cast<std::size_t>(std::lround(x)), plot.top, 1, plot.bottom + 6 - plot.top,
         kGrid);
    draw_text(picture, plot.x.labels[i], centred(plot.x.labels[i], kText, x),
              plot.bottom + kGap + 2, kInk, kText);
  }
}

void draw_y_ticks(Picture& picture, const Plot& plot) {
  for (std::size_t i = 0; i < plot.y.ticks.size(); ++i) {
    const auto y =
        static_cast<std::size_t>(std::lround(plot.place({plot.x.low, plot.y.ticks[i]}).y));
    fill(picture, plot.left - 6, y, plot.right + 6 - plot.left, 1, kGrid);
    const std::string& label = plot.y.labels[i];
    draw_text(picture, label, plot.left - kGap - text_width(label, kText),
              y - text_height(kText) / 2, kInk, kText);
  }
}

void draw_frame(Picture& picture, const Plot& plot) {
  fill(picture, plot.left, plot.top, 1, plot.bottom - plot.top, kInk);
  fill(picture, plot.left, plot.bottom, plot.right - plot.left, 1, kInk);
}

}  // namespace serdab::datasets
