#include "networks/datasets/picture/canvas.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "networks/datasets/picture/font.h"

namespace serdab::datasets {
namespace {

constexpr std::size_t kAdvance = kGlyphWidth + 1;

/// Pixels from `low` to `high`, cut to [0, size).
struct Span {
  std::size_t begin, end;
};

Span pixels(double low, double high, std::size_t size) {
  const double limit = static_cast<double>(size);
  const double begin = std::clamp(std::floor(low), 0.0, limit);
  const double end = std::clamp(std::ceil(high) + 1, begin, limit);
  return {static_cast<std::size_t>(begin), static_cast<std::size_t>(end)};
}

double distance(Point p, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
  const double t =
      square == 0 ? 0 : std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / square, 0.0, 1.0);
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

/// How much of each pixel one stretch of a line covers, the larger of this and what is there.
void cover(std::vector<float>& coverage, const Picture& picture, Point a, Point b, double width) {
  const double reach = width / 2 + 0.5;
  const Span rows = pixels(std::min(a.y, b.y) - reach, std::max(a.y, b.y) + reach, picture.height);
  const Span columns =
      pixels(std::min(a.x, b.x) - reach, std::max(a.x, b.x) + reach, picture.width);
  for (std::size_t y = rows.begin; y < rows.end; ++y) {
    for (std::size_t x = columns.begin; x < columns.end; ++x) {
      const Point p{static_cast<double>(x), static_cast<double>(y)};
      const auto part = static_cast<float>(std::clamp(reach - distance(p, a, b), 0.0, 1.0));
      float& here = coverage[y * picture.width + x];
      here = std::max(here, part);
    }
  }
}

}  // namespace

Picture blank_picture(std::size_t width, std::size_t height, Colour colour) {
  Picture picture{height, width, 3, std::vector<std::uint8_t>(width * height * 3)};
  fill(picture, 0, 0, width, height, colour);
  return picture;
}

void paint(Picture& picture, std::size_t x, std::size_t y, Colour colour) {
  if (y >= picture.height || x >= picture.width) return;
  std::copy(colour.begin(), colour.end(),
            picture.bytes.begin() + static_cast<std::ptrdiff_t>((y * picture.width + x) * 3));
}

void fill(Picture& picture, std::size_t x, std::size_t y, std::size_t width, std::size_t height,
          Colour colour) {
  for (std::size_t row = y; row < y + height; ++row) {
    for (std::size_t column = x; column < x + width; ++column) paint(picture, column, row, colour);
  }
}

void draw_line(Picture& picture, std::span<const Point> points, double width, Colour colour) {
  std::vector<float> coverage(picture.width * picture.height);
  for (std::size_t i = 0; i < points.size(); ++i) {
    cover(coverage, picture, points[i == 0 ? 0 : i - 1], points[i], width);
  }
  for (std::size_t p = 0; p < coverage.size(); ++p) {
    if (coverage[p] == 0) continue;
    for (std::size_t c = 0; c < 3; ++c) {
      std::uint8_t& byte = picture.bytes[p * 3 + c];
      const float mixed = coverage[p] * static_cast<float>(colour[c]) +
                          (1 - coverage[p]) * static_cast<float>(byte);
      byte = static_cast<std::uint8_t>(std::lround(mixed));
    }
  }
}

namespace {

/// Calls `dot(column, row)` for every font pixel of a text, from its top left corner.
template <typename Dot>
void for_each_dot(std::string_view text, Dot dot) {
  for (std::size_t k = 0; k < text.size(); ++k) {
    const Glyph& rows = glyph(text[k]);
    for (std::size_t row = 0; row < kGlyphHeight; ++row) {
      for (std::size_t column = 0; column < kGlyphWidth; ++column) {
        if (((rows[row] >> (kGlyphWidth - 1 - column)) & 1) != 0) dot(k * kAdvance + column, row);
      }
    }
  }
}

}  // namespace

void draw_text(Picture& picture, std::string_view text, std::size_t x, std::size_t y, Colour colour,
               std::size_t size) {
  for_each_dot(text, [&](std::size_t column, std::size_t row) {
    fill(picture, x + column * size, y + row * size, size, size, colour);
  });
}

void draw_text_upwards(Picture& picture, std::string_view text, std::size_t x, std::size_t y,
                       Colour colour, std::size_t size) {
  for_each_dot(text, [&](std::size_t column, std::size_t row) {
    if ((column + 1) * size > y) return;
    fill(picture, x + row * size, y - (column + 1) * size, size, size, colour);
  });
}

std::size_t text_width(std::string_view text, std::size_t size) {
  return text.size() * kAdvance * size;
}

std::size_t text_height(std::size_t size) { return kGlyphHeight * size; }

}  // namespace serdab::datasets
