#include "networks/compiler/passes/lower/internal/linear_maps.h"

#include <cmath>
#include <limits>

#include "engine/base/error.h"
#include "networks/graph/positions.h"

namespace serdab::compiler {

using graph::element_count;
using graph::Shape;
using packing::SparseBuilder;
using packing::SparseMatrix;

namespace {

/// Calls visit(kernel index, image index) for the window elements at (row, column) inside the
/// image.
template <typename Visit>
void for_window(const graph::Window& w, const Shape& image, std::size_t row, std::size_t column,
                Visit visit) {
  for (std::size_t i = 0; i < w.kernel[0]; ++i) {
    const std::size_t y = row * w.strides[0] + i * w.dilations[0];
    if (y < w.pads[0] || y - w.pads[0] >= image[1]) continue;
    for (std::size_t j = 0; j < w.kernel[1]; ++j) {
      const std::size_t x = column * w.strides[1] + j * w.dilations[1];
      if (x < w.pads[1] || x - w.pads[1] >= image[2]) continue;
      visit(i * w.kernel[1] + j, (y - w.pads[0]) * image[2] + x - w.pads[1]);
    }
  }
}

/// Repeats one value per extent of axis 0 over the rest.
std::vector<double> per_channel(const std::vector<double>& values, const Shape& shape) {
  const std::size_t area = element_count(shape) / shape[0];
  std::vector<double> result(element_count(shape), 0.0);
  if (values.empty()) return result;
  for (std::size_t e = 0; e < result.size(); ++e) result[e] = values[e / area];
  return result;
}

/// A matrix of this size would fill memory before the plan could say so.
void check_nonzeros(double count) {
  constexpr double kMost = 1e9;
  if (count > kMost) {
    base::fail(base::ErrorCode::kLimit, "the layer's matrix has more than 10^9 entries");
  }
}

}  // namespace

SparseMatrix conv_map(const graph::Conv& op, const Shape& from, const Shape& to) {
  const std::size_t area = from[1] * from[2], per_group = op.weights.shape[1];
  const std::size_t kernel = op.window.kernel[0] * op.window.kernel[1];
  const std::size_t outputs_per_group = to[0] / op.groups;
  check_nonzeros(static_cast<double>(element_count(to)) * static_cast<double>(per_group * kernel));
  SparseBuilder builder(element_count(from));
  builder.reserve(element_count(to), 0);
  for (std::size_t o = 0; o < to[0]; ++o) {
    const std::size_t first = o / outputs_per_group * per_group;
    for (std::size_t row = 0; row < to[1]; ++row) {
      for (std::size_t column = 0; column < to[2]; ++column) {
        for (std::size_t c = 0; c < per_group; ++c) {
          const double* w = op.weights.values.data() + (o * per_group + c) * kernel;
          for_window(op.window, from, row, column, [&](std::size_t k, std::size_t at) {
            builder.add((first + c) * area + at, w[k]);
          });
        }
        builder.end_row();
      }
    }
  }
  return builder.finish();
}

std::vector<double> conv_bias(const graph::Conv& op, const Shape& to) {
  return per_channel(op.bias, to);
}

SparseMatrix dense_map(const graph::Dense& op, const Shape& from) {
  const std::size_t outputs = op.weights.shape[0], width = op.weights.shape[1];
  const std::size_t vectors = element_count(from) / width;
  check_nonzeros(static_cast<double>(vectors) * static_cast<double>(op.weights.values.size()));
  SparseBuilder builder(element_count(from));
  for (std::size_t v = 0; v < vectors; ++v) {
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t i = 0; i < width; ++i) {
        builder.add(v * width + i, op.weights.values[o * width + i]);
      }
      builder.end_row();
    }
  }
  return builder.finish();
}

std::vector<double> dense_bias(const graph::Dense& op, const Shape& to) {
  std::vector<double> result(element_count(to), 0.0);
  if (op.bias.empty()) return result;
  for (std::size_t e = 0; e < result.size(); ++e) result[e] = op.bias[e % op.bias.size()];
  return result;
}

std::pair<std::vector<double>, std::vector<double>> batch_norm_line(const graph::BatchNorm& op,
                                                                    const Shape& shape) {
  std::vector<double> factor, offset;
  for (std::size_t c = 0; c < op.scale.size(); ++c) {
    factor.push_back(op.scale[c] / std::sqrt(op.variance[c] + op.epsilon));
    offset.push_back(op.bias[c] - op.mean[c] * factor[c]);
  }
  return {per_channel(factor, shape), per_channel(offset, shape)};
}

SparseMatrix pool_map(const graph::AveragePool& op, const Shape& from, const Shape& to) {
  const std::size_t area = from[1] * from[2];
  SparseBuilder builder(element_count(from));
  for (std::size_t c = 0; c < to[0]; ++c) {
    for (std::size_t row = 0; row < to[1]; ++row) {
      for (std::size_t column = 0; column < to[2]; ++column) {
        const double weight = 1.0 / static_cast<double>(graph::pool_divisor(op, from, row, column));
        for_window(op.window, from, row, column,
                   [&](std::size_t, std::size_t at) { builder.add(c * area + at, weight); });
        builder.end_row();
      }
    }
  }
  return builder.finish();
}

SparseMatrix mean_map(const graph::Mean& op, const Shape& from) {
  Shape kept = from;
  for (std::size_t axis : op.axes) kept[axis] = 1;
  const auto target = graph::broadcast_index(kept, from);
  std::vector<std::vector<std::size_t>> members(element_count(kept));
  for (std::size_t e = 0; e < target.size(); ++e) members[target[e]].push_back(e);
  SparseBuilder builder(element_count(from));
  for (const auto& row : members) {
    for (std::size_t e : row) builder.add(e, 1.0 / static_cast<double>(row.size()));
    builder.end_row();
  }
  return builder.finish();
}

SparseMatrix pad_map(const graph::Pad& op, const Shape& from, const Shape& to) {
  return packing::placement(graph::pad_index(op, from, to), element_count(to));
}

std::vector<double> pad_bias(const graph::Pad& op, const Shape& from, const Shape& to) {
  std::vector<double> bias(element_count(to), op.value);
  for (std::size_t e : graph::pad_index(op, from, to)) bias[e] = 0.0;
  return bias;
}

SparseMatrix concat_map(const graph::Concat& op, const Shape& from, std::size_t offset,
                        const Shape& to) {
  return packing::placement(graph::concat_index(op.axis, from, offset, to), element_count(to));
}

SparseMatrix broadcast_map(const Shape& from, const Shape& to, double factor) {
  SparseMatrix map = packing::selection(graph::broadcast_index(from, to), element_count(from));
  for (double& value : map.value) value *= factor;
  return map;
}

}  // namespace serdab::compiler
