#include "networks/graph/tensor.h"

#include <algorithm>

#include "engine/base/error.h"

namespace serdab::graph {

using base::ErrorCode;

std::size_t element_count(const Shape& shape) {
  std::size_t count = 1;
  for (std::size_t extent : shape) {
    if (extent > kMaxElements || (count *= extent) > kMaxElements) {
      base::fail(ErrorCode::kLimit, "a value of shape " + to_string(shape) + " has more than " +
                                        std::to_string(kMaxElements) + " elements");
    }
  }
  return count;
}

std::string to_string(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (std::size_t extent : shape) {
    if (!text.empty()) text += 'x';
    text += std::to_string(extent);
  }
  return text;
}

Shape broadcast_shape(const Shape& a, const Shape& b) {
  const std::size_t rank = std::max(a.size(), b.size());
  Shape result(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::size_t ea = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::size_t eb = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (ea != eb && ea != 1 && eb != 1) {
      base::fail(ErrorCode::kInvalidArgument,
                 "shapes " + to_string(a) + " and " + to_string(b) + " do not broadcast");
    }
    result[rank - 1 - i] = ea == 1 ? eb : ea;
  }
  return result;
}

namespace {

/// Walks `shape` in row-major order and returns, for every element, Σ index[axis] · strides[axis].
std::vector<std::size_t> strided_index(const Shape& shape,
                                       const std::vector<std::size_t>& strides) {
  std::vector<std::size_t> result(1, 0);
  result.reserve(element_count(shape));
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    std::vector<std::size_t> next;
    next.reserve(result.size() * shape[axis]);
    for (std::size_t base : result) {
      for (std::size_t i = 0; i < shape[axis]; ++i) next.push_back(base + i * strides[axis]);
    }
    result = std::move(next);
  }
  return result;
}

std::vector<std::size_t> row_major_strides(const Shape& shape) {
  std::vector<std::size_t> strides(shape.size(), 1);
  for (std::size_t axis = shape.size(); axis-- > 1;) {
    strides[axis - 1] = strides[axis] * shape[axis];
  }
  return strides;
}

}  // namespace

std::vector<std::size_t> broadcast_index(const Shape& small, const Shape& shape) {
  if (element_count(small) == 1) return std::vector<std::size_t>(element_count(shape), 0);
  if (broadcast_shape(small, shape) != shape) {
    base::fail(ErrorCode::kInvalidArgument,
               "shape " + to_string(small) + " does not broadcast into " + to_string(shape));
  }
  const auto own = row_major_strides(small);
  std::vector<std::size_t> strides(shape.size(), 0);
  const std::size_t missing = shape.size() - small.size();
  for (std::size_t axis = 0; axis < small.size(); ++axis) {
    if (small[axis] != 1) strides[axis + missing] = own[axis];
  }
  return strided_index(shape, strides);
}

std::vector<double> broadcast(const Tensor& tensor, const Shape& shape) {
  if (tensor.is_scalar()) return std::vector<double>(element_count(shape), tensor.values[0]);
  const auto index = broadcast_index(tensor.shape, shape);
  std::vector<double> result(index.size());
  for (std::size_t i = 0; i < index.size(); ++i) result[i] = tensor.values[index[i]];
  return result;
}

std::vector<std::size_t> transpose_index(const Shape& shape, const std::vector<std::size_t>& perm) {
  const auto own = row_major_strides(shape);
  Shape result_shape(shape.size());
  std::vector<std::size_t> strides(shape.size());
  for (std::size_t axis = 0; axis < perm.size(); ++axis) {
    result_shape[axis] = shape[perm[axis]];
    strides[axis] = own[perm[axis]];
  }
  return strided_index(result_shape, strides);
}

}  // namespace serdab::graph
