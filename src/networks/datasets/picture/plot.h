#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "networks/datasets/formats/png.h"
#include "networks/datasets/picture/axis.h"
#include "networks/datasets/picture/canvas.h"

namespace serdab::datasets {

// What charts have in common: where values go, axes, titles, legends. Lengths in pixels.

inline constexpr Colour kInk{40, 40, 40}, kGrid{225, 225, 225}, kShade{240, 240, 240};
inline constexpr std::size_t kText = 2, kTitle = 3;  ///< sizes of the font
inline constexpr std::size_t kGap = 8;

/// Okabe and Ito's colours, which the colour-blind can tell apart, the yellow one darkened.
inline constexpr std::array<Colour, 8> kColours{{{0, 114, 178},
                                                 {213, 94, 0},
                                                 {0, 158, 115},
                                                 {204, 121, 167},
                                                 {86, 180, 233},
                                                 {230, 159, 0},
                                                 {150, 140, 0},
                                                 {90, 90, 90}}};

/// True for what has a place on an axis: finite, at most 1e100.
bool drawable(double value);

/// Smallest and largest of the values included so far; low > high before the first.
struct Extent {
  double low = 1e300, high = -1e300;
  void include(double value);
};

/// The rectangle that values are drawn in, and the axes along its sides.
struct Plot {
  std::size_t left = 0, top = 0, right = 0, bottom = 0;
  Axis x, y;

  Point place(Point p) const;
};

/// Room left of a plot for the numbers of an axis.
std::size_t room_for_labels(const Axis& y);

/// The left end of a text around `middle`, at least 0.
std::size_t centred(const std::string& text, std::size_t size, double middle);

/// Across the top of the picture, smaller if it is long. Returns the row below.
std::size_t draw_title(Picture& picture, const std::string& title);

/// Names beside a stroke of their colour, in as many lines as they need. Returns the row below. At
/// most as many names as kColours.
std::size_t draw_legend(Picture& picture, std::span<const std::string> names, std::size_t top);

/// Ticks below the plot with their numbers, grid lines upwards.
void draw_x_ticks(Picture& picture, const Plot& plot);
/// Ticks at its left with their numbers, grid lines to the right.
void draw_y_ticks(Picture& picture, const Plot& plot);
/// The left and the bottom side.
void draw_frame(Picture& picture, const Plot& plot);

}  // namespace serdab::datasets
