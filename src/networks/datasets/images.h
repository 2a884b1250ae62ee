#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace serdab::datasets {

/// Extents of one image, {C, H, W}, or {features} for a table's row.
using Shape = std::vector<std::size_t>;

std::size_t element_count(const Shape& shape);
/// "1x28x28".
std::string to_string(const Shape& shape);

/// A batch of images with, perhaps, their classes. Pixels stored as bytes come out as byte/255 in
/// [0, 1], those of `digits` as value/16; other numbers come as they are in the file.
struct Images {
  Shape shape;
  std::vector<float> pixels;  ///< image after image, each row-major in `shape`
  std::vector<int> labels;    ///< one per image, or empty where the file has none

  std::size_t count() const { return shape.empty() ? 0 : pixels.size() / element_count(shape); }
  std::span<const float> image(std::size_t i) const {
    const std::size_t size = element_count(shape);
    return std::span(pixels).subspan(i * size, size);
  }
};

/// `count` images from the `first` on, with their labels; fewer where the batch ends.
Images slice(const Images& images, std::size_t first, std::size_t count);

/// Adds images of the same shape behind the others; labels are kept if both have them.
void append(Images& images, const Images& more);

/// The images with the shape that a network takes. Accepts flat rows, extents of 1 more or less,
/// {H, W, C} for {C, H, W} and the other way round, and rows with one element more, whose last is
/// the label. Throws base::Error (kMismatch) that names the origin and both shapes.
Images conform(Images images, const Shape& shape, const std::string& origin);

}  // namespace serdab::datasets
