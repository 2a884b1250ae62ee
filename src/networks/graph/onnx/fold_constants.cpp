// Operators on constants alone, as exporters write them around shapes and weights.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <unordered_map>

#include "engine/base/error.h"
#include "networks/graph/onnx/internal/read_tensor.h"
#include "networks/graph/onnx/internal/translators.h"

namespace serdab::graph::onnx_import {
namespace {

using base::ErrorCode;

const Tensor& operand(const Importer& importer, std::size_t i) {
  return importer.constant(i, "an operand");
}

Tensor fold_constant_node(const Importer& importer) {
  if (const auto* value = importer.attribute("value")) return read_tensor(value->t());
  if (importer.attribute("value_float") != nullptr) {
    return Tensor::scalar(importer.float_attribute("value_float", 0));
  }
  if (importer.attribute("value_int") != nullptr) {
    return Tensor::scalar(static_cast<double>(importer.int_attribute("value_int", 0)));
  }
  if (const auto ints = importer.ints_attribute("value_ints")) {
    return Tensor::vector({ints->begin(), ints->end()});
  }
  if (const auto* floats = importer.attribute("value_floats")) {
    return Tensor::vector({floats->floats().begin(), floats->floats().end()});
  }
  base::fail(ErrorCode::kUnsupported, "holds neither a tensor nor numbers");
}

Tensor fold_binary(const Importer& importer, const std::function<double(double, double)>& f) {
  const Tensor &a = operand(importer, 0), &b = operand(importer, 1);
  const Shape shape = broadcast_shape(a.shape, b.shape);
  const auto ia = broadcast_index(a.shape, shape), ib = broadcast_index(b.shape, shape);
  Tensor result{shape, std::vector<double>(ia.size())};
  for (std::size_t i = 0; i < ia.size(); ++i)
    result.values[i] = f(a.values[ia[i]], b.values[ib[i]]);
  return result;
}

Tensor fold_unary(const Importer& importer, double (*f)(double)) {
  Tensor result = operand(importer, 0);
  for (double& value : result.values) value = f(value);
  return result;
}

Tensor fold_cast(const Importer& importer) {
  const auto type = importer.int_attribute("to", onnx::TensorProto::FLOAT);
  const bool whole = type == onnx::TensorProto::INT64 || type == onnx::TensorProto::INT32;
  return whole ? fold_unary(importer, [](double v) { return std::trunc(v); })
               : operand(importer, 0);
}

Tensor with_shape(Tensor tensor, Shape shape) {
  if (element_count(shape) != tensor.values.size()) {
    base::fail(ErrorCode::kCorrupt,
               fmt::format("cannot reshape {} into {}", to_string(tensor.shape), to_string(shape)));
  }
  tensor.shape = std::move(shape);
  return tensor;
}

Tensor fold_reshape(const Importer& importer) {
  const Tensor& x = operand(importer, 0);
  Shape shape;
  std::size_t known = 1, open = SIZE_MAX;
  for (std::int64_t extent : to_integers(operand(importer, 1))) {
    if (extent == 0 && shape.size() < x.shape.size()) {
      extent = static_cast<std::int64_t>(x.shape[shape.size()]);
    }
    if (extent == -1) {
      open = shape.size();
      extent = 1;
    }
    if (extent < 0) base::fail(ErrorCode::kCorrupt, fmt::format("extent {}", extent));
    shape.push_back(static_cast<std::size_t>(extent));
    known = element_count(shape);
  }
  if (open != SIZE_MAX && known > 0) shape[open] = x.values.size() / known;
  return with_shape(x, std::move(shape));
}

Tensor fold_flatten(const Importer& importer) {
  const Tensor& x = operand(importer, 0);
  const auto split = static_cast<std::ptrdiff_t>(
      normal_axis(importer.int_attribute("axis", 1), x.shape.size() + 1));
  const std::size_t rows = element_count(Shape(x.shape.begin(), x.shape.begin() + split));
  return with_shape(x, {rows, rows == 0 ? 0 : x.values.size() / rows});
}

Tensor fold_squeeze(const Importer& importer) {
  const Tensor& x = operand(importer, 0);
  const auto axes = importer.axes(1, "axes");
  std::vector<bool> removed(x.shape.size(), false);
  for (std::size_t i = 0; i < removed.size(); ++i) removed[i] = !axes && x.shape[i] == 1;
  for (std::int64_t axis : axes.value_or(std::vector<std::int64_t>{})) {
    removed[normal_axis(axis, removed.size())] = true;
  }
  Shape shape;
  for (std::size_t i = 0; i < removed.size(); ++i) {
    if (!removed[i]) shape.push_back(x.shape[i]);
  }
  return with_shape(x, std::move(shape));
}

Tensor fold_unsqueeze(const Importer& importer) {
  const Tensor& x = operand(importer, 0);
  const auto axes = importer.axes(1, "axes").value_or(std::vector<std::int64_t>{});
  if (axes.size() > 8) base::fail(ErrorCode::kUnsupported, "adds more than 8 axes");
  const std::size_t rank = x.shape.size() + axes.size();
  std::vector<bool> added(rank, false);
  for (std::int64_t axis : axes) added[normal_axis(axis, rank)] = true;
  Shape shape;
  std::size_t next = 0;
  for (std::size_t i = 0; i < rank; ++i) {
    shape.push_back(added[i] || next >= x.shape.size() ? 1 : x.shape[next++]);
  }
  return with_shape(x, std::move(shape));
}

Tensor fold_transpose(const Importer& importer) {
  const Tensor& x = operand(importer, 0);
  std::vector<std::size_t> perm;
  if (const auto given = importer.ints_attribute("perm")) {
    for (std::int64_t axis : *given) perm.push_back(normal_axis(axis, x.shape.size()));
  } else {
    for (std::size_t i = x.shape.size(); i-- > 0;) perm.push_back(i);
  }
  std::vector<std::size_t> sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::size_t> all(x.shape.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  if (sorted != all) base::fail(ErrorCode::kCorrupt, "perm is not a permutation of the axes");
  Tensor result;
  for (std::size_t axis : perm) result.shape.push_back(x.shape[axis]);
  for (std::size_t index : transpose_index(x.shape, perm)) {
    result.values.push_back(x.values[index]);
  }
  return result;
}

/// Splits a shape around an axis: elements before it, along it, behind it.
struct Around {
  std::size_t outer, extent, inner;
};

Around around(const Shape& shape, std::size_t axis) {
  const auto at = shape.begin() + static_cast<std::ptrdiff_t>(axis);
  return {element_count(Shape(shape.begin(), at)), *at, element_count(Shape(at + 1, shape.end()))};
}

Tensor take(const Tensor& x, std::size_t axis, const std::vector<std::size_t>& indices,
            const Shape& index_shape) {
  const Around a = around(x.shape, axis);
  Tensor result;
  result.shape = x.shape;
  const auto at = result.shape.begin() + static_cast<std::ptrdiff_t>(axis);
  result.shape.insert(result.shape.erase(at), index_shape.begin(), index_shape.end());
  result.values.reserve(element_count(result.shape));
  for (std::size_t o = 0; o < a.outer; ++o) {
    for (std::size_t i : indices) {
      const auto from =
          x.values.begin() + static_cast<std::ptrdiff_t>((o * a.extent + i) * a.inner);
      result.values.insert(result.values.end(), from, from + static_cast<std::ptrdiff_t>(a.inner));
    }
  }
  return result;
}

Tensor fold_gather(const Importer& importer) {
  const Tensor &x = operand(importer, 0), &index = operand(importer, 1);
  const std::size_t axis = normal_axis(importer.int_attribute("axis", 0), x.shape.size());
  std::vector<std::size_t> indices;
  for (std::int64_t i : to_integers(index)) indices.push_back(normal_axis(i, x.shape[axis]));
  return take(x, axis, indices, index.shape);
}

/// The indices that a slice of an axis takes, ONNX's and Python's rules.
std::vector<std::size_t> slice_indices(std::int64_t start, std::int64_t end, std::int64_t step,
                                       std::int64_t extent) {
  if (step == 0) base::fail(ErrorCode::kCorrupt, "a step of 0");
  const std::int64_t low = step > 0 ? 0 : -1, high = step > 0 ? extent : extent - 1;
  const auto bound = [&](std::int64_t i) {
    return std::clamp<std::int64_t>(i < 0 ? i + extent : i, low, high);
  };
  std::vector<std::size_t> result;
  const std::int64_t last = bound(end);
  step = std::clamp<std::int64_t>(step, -extent - 1, extent + 1);
  for (std::int64_t i = bound(start); step > 0 ? i < last : i > last; i += step) {
    result.push_back(static_cast<std::size_t>(i));
  }
  return result;
}

Tensor fold_slice(const Importer& importer) {
  const auto starts = importer.axes(1, "starts"), ends = importer.axes(2, "ends");
  const auto axes = importer.axes(3, "axes"), steps = importer.axes(4, "steps");
  const std::size_t count = starts ? starts->size() : 0;
  if (!starts || !ends || ends->size() != count || (axes && axes->size() != count) ||
      (steps && steps->size() != count)) {
    base::fail(ErrorCode::kCorrupt, "starts, ends, axes and steps do not fit each other");
  }
  Tensor result = operand(importer, 0);
  for (std::size_t k = 0; k < count; ++k) {
    const std::int64_t given = axes ? (*axes)[k] : static_cast<std::int64_t>(k);
    const std::size_t axis = normal_axis(given, result.shape.size());
    const auto kept = slice_indices((*starts)[k], (*ends)[k], steps ? (*steps)[k] : 1,
                                    static_cast<std::int64_t>(result.shape[axis]));
    result = take(result, axis, kept, {kept.size()});
  }
  return result;
}

Tensor fold_concat(const Importer& importer) {
  Tensor result = operand(importer, 0);
  const std::size_t axis = normal_axis(importer.int_attribute("axis", 0), result.shape.size());
  for (std::size_t k = 1; k < importer.input_count(); ++k) {
    const Tensor& next = operand(importer, k);
    Shape expected = next.shape;
    if (expected.size() == result.shape.size()) expected[axis] = result.shape[axis];
    if (expected != result.shape) base::fail(ErrorCode::kCorrupt, "inputs of different shapes");
    const Around a = around(result.shape, axis), b = around(next.shape, axis);
    Tensor joined;
    joined.shape = result.shape;
    joined.shape[axis] += next.shape[axis];
    joined.values.reserve(element_count(joined.shape));
    const auto append = [&](const Tensor& from, std::size_t row, std::size_t size) {
      const auto begin = from.values.begin() + static_cast<std::ptrdiff_t>(row * size);
      joined.values.insert(joined.values.end(), begin, begin + static_cast<std::ptrdiff_t>(size));
    };
    for (std::size_t o = 0; o < a.outer; ++o) {
      append(result, o, a.extent * a.inner);
      append(next, o, b.extent * b.inner);
    }
    result = std::move(joined);
  }
  return result;
}

Tensor fold_shape(const Importer& importer) {
  const Shape& shape = operand(importer, 0).shape;
  return Tensor::vector({shape.begin(), shape.end()});
}

Tensor fold_constant_of_shape(const Importer& importer) {
  Shape shape;
  for (std::int64_t extent : to_integers(operand(importer, 0))) {
    if (extent < 0) base::fail(ErrorCode::kCorrupt, fmt::format("extent {}", extent));
    shape.push_back(static_cast<std::size_t>(extent));
  }
  const auto* value = importer.attribute("value");
  const Tensor fill = value == nullptr ? Tensor::scalar(0.0) : read_tensor(value->t());
  if (!fill.is_scalar()) base::fail(ErrorCode::kCorrupt, "value is not a scalar");
  return {shape, std::vector<double>(element_count(shape), fill.values[0])};
}

using Fold = std::function<Tensor(const Importer&)>;

Fold binary(double (*f)(double, double)) {
  return [f](const Importer& importer) { return fold_binary(importer, f); };
}

Fold unary(double (*f)(double)) {
  return [f](const Importer& importer) { return fold_unary(importer, f); };
}

const std::unordered_map<std::string, Fold>& folds() {
  static const std::unordered_map<std::string, Fold> table{
      {"Constant", fold_constant_node},
      {"Identity", [](const Importer& importer) { return operand(importer, 0); }},
      {"Cast", fold_cast},
      {"Add", binary([](double a, double b) { return a + b; })},
      {"Sub", binary([](double a, double b) { return a - b; })},
      {"Mul", binary([](double a, double b) { return a * b; })},
      {"Div", binary([](double a, double b) { return a / b; })},
      {"Pow", binary([](double a, double b) { return std::pow(a, b); })},
      {"Neg", unary([](double v) { return -v; })},
      {"Sqrt", unary([](double v) { return std::sqrt(v); })},
      {"Reciprocal", unary([](double v) { return 1.0 / v; })},
      {"Exp", unary([](double v) { return std::exp(v); })},
      {"Abs", unary([](double v) { return std::abs(v); })},
      {"Floor", unary([](double v) { return std::floor(v); })},
      {"Ceil", unary([](double v) { return std::ceil(v); })},
      {"Sigmoid", unary([](double v) { return 1.0 / (1.0 + std::exp(-v)); })},
      {"Tanh", unary([](double v) { return std::tanh(v); })},
      {"Relu", unary([](double v) { return std::max(v, 0.0); })},
      {"Reshape", fold_reshape},
      {"Flatten", fold_flatten},
      {"Squeeze", fold_squeeze},
      {"Unsqueeze", fold_unsqueeze},
      {"Transpose", fold_transpose},
      {"Gather", fold_gather},
      {"Slice", fold_slice},
      {"Concat", fold_concat},
      {"Shape", fold_shape},
      {"ConstantOfShape", fold_constant_of_shape},
  };
  return table;
}

}  // namespace

bool fold_constants(Importer& importer, Value& result) {
  const auto found = folds().find(importer.node().op_type());
  if (found == folds().end() || !importer.all_constant()) return false;
  Tensor tensor = found->second(importer);
  for (double value : tensor.values) {
    if (!std::isfinite(value))
      base::fail(ErrorCode::kCorrupt, "folds to a value that is not finite");
  }
  result = std::move(tensor);
  return true;
}

}  // namespace serdab::graph::onnx_import
