#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace serdab::graph {

/// Extents of a value, outermost first. Values never carry the batch dimension: an image is {C, H,
/// W}, a vector of logits {classes}.
using Shape = std::vector<std::size_t>;

/// The most elements that a constant may have (2^26, half a GiB of doubles).
inline constexpr std::size_t kMaxElements = std::size_t{1} << 26;
/// The most elements that one image's value may have at any node.
inline constexpr std::size_t kMaxFeatures = std::size_t{1} << 22;

/// Product of the extents, 1 for a scalar. Throws base::Error (kLimit) above kMaxElements.
std::size_t element_count(const Shape& shape);

/// "5x12x12"; "scalar" for the empty shape.
std::string to_string(const Shape& shape);

/// A constant: row-major doubles, values.size() == element_count(shape).
struct Tensor {
  Shape shape;
  std::vector<double> values;

  static Tensor scalar(double value) { return {{}, {value}}; }
  static Tensor vector(std::vector<double> values) {
    const std::size_t size = values.size();
    return {{size}, std::move(values)};
  }
  bool is_scalar() const { return values.size() == 1; }
};

/// The shape that two shapes broadcast to, aligned at the last axis as in ONNX and numpy; throws
/// base::Error (kInvalidArgument) when an extent differs and neither side is 1.
Shape broadcast_shape(const Shape& a, const Shape& b);

/// For every element of `shape`, the index of the element of `small` that broadcasting puts there.
/// `small` must broadcast to `shape` without enlarging it, else base::Error (kInvalidArgument).
std::vector<std::size_t> broadcast_index(const Shape& small, const Shape& shape);

/// `tensor` repeated to the given shape; a tensor of one element always fits.
std::vector<double> broadcast(const Tensor& tensor, const Shape& shape);

/// Source index of every element after permuting the axes: result axis i is source axis perm[i].
std::vector<std::size_t> transpose_index(const Shape& shape, const std::vector<std::size_t>& perm);

}  // namespace serdab::graph
