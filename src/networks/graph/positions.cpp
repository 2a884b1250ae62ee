#include "networks/graph/positions.h"

#include <algorithm>

namespace serdab::graph {

std::vector<std::size_t> embed_index(const Shape& from, const std::vector<std::size_t>& before,
                                     const Shape& to) {
  std::vector<std::size_t> result(1, 0);
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    std::vector<std::size_t> next;
    next.reserve(result.size() * from[axis]);
    for (std::size_t outer : result) {
      for (std::size_t i = 0; i < from[axis]; ++i)
        next.push_back(outer * to[axis] + before[axis] + i);
    }
    result = std::move(next);
  }
  return result;
}

std::vector<std::size_t> pad_index(const Pad& op, const Shape& from, const Shape& to) {
  return embed_index(from, op.before, to);
}

std::vector<std::size_t> concat_index(std::size_t axis, const Shape& from, std::size_t offset,
                                      const Shape& to) {
  std::vector<std::size_t> before(from.size(), 0);
  before[axis] = offset;
  return embed_index(from, before, to);
}

namespace {

/// Window elements along one axis that lie inside the image, or inside image and padding.
std::size_t covered(const AveragePool& op, std::size_t axis, std::size_t extent,
                    std::size_t position) {
  const Window& w = op.window;
  std::size_t count = 0;
  for (std::size_t i = 0; i < w.kernel[axis]; ++i) {
    const std::size_t at = position * w.strides[axis] + i * w.dilations[axis];
    const std::size_t low = op.count_padding ? 0 : w.pads[axis];
    const std::size_t high = w.pads[axis] + extent + (op.count_padding ? w.pads[axis + 2] : 0);
    if (at >= low && at < high) ++count;
  }
  return count;
}

}  // namespace

std::size_t pool_divisor(const AveragePool& op, const Shape& image, std::size_t row,
                         std::size_t column) {
  return std::max<std::size_t>(1, covered(op, 0, image[1], row) * covered(op, 1, image[2], column));
}

}  // namespace serdab::graph
