#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "networks/datasets/formats/png.h"

namespace serdab::datasets {

using Colour = std::array<std::uint8_t, 3>;

/// Pixels from the left and from the top; whole numbers are the centres of pixels.
struct Point {
  double x = 0.0;
  double y = 0.0;
};

/// An RGB picture, all of one colour.
Picture blank_picture(std::size_t width, std::size_t height, Colour colour = {255, 255, 255});

/// Sets one pixel of an RGB picture; nothing happens outside.
void paint(Picture& picture, std::size_t x, std::size_t y, Colour colour);

/// Fills the pixels from (x, y) on.
void fill(Picture& picture, std::size_t x, std::size_t y, std::size_t width, std::size_t height,
          Colour colour);

/// A line through the points, `width` pixels wide, with smooth edges and round ends. Parts outside
/// the picture are left out; points must be finite.
void draw_line(Picture& picture, std::span<const Point> points, double width, Colour colour);

/// Text in the built-in font with its top left corner at (x, y), every font pixel a square of
/// `size` pixels.
void draw_text(Picture& picture, std::string_view text, std::size_t x, std::size_t y, Colour colour,
               std::size_t size = 1);

/// The same turned by a quarter: it begins at the bottom, in the row above `y`, and reads upwards;
/// the tops of its letters are in column x. What would lie above the picture is left out.
void draw_text_upwards(Picture& picture, std::string_view text, std::size_t x, std::size_t y,
                       Colour colour, std::size_t size = 1);

/// Pixels that a text takes from left to right, and a line of it from top to bottom.
std::size_t text_width(std::string_view text, std::size_t size = 1);
std::size_t text_height(std::size_t size = 1);

}  // namespace serdab::datasets
