// Operators that move elements: Flatten, Reshape, Squeeze, Unsqueeze, Transpose, Pad, Concat,
// Shape.

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/error.h"
#include "networks/graph/onnx/internal/translators.h"

namespace serdab::graph::onnx_import {
namespace {

using base::ErrorCode;

[[noreturn]] void mixes_batch(const std::string& target) {
  base::fail(ErrorCode::kUnsupported,
             "the first dimension of " + target +
                 " is not the batch; images must stay independent of each other");
}

std::string listed(const std::vector<std::int64_t>& values) {
  return fmt::format("[{}]", fmt::join(values, ", "));
}

/// The per-image part of a Reshape target, with 0 (keep) and -1 (the rest) resolved.
Shape resolve_reshape(const std::vector<std::int64_t>& target, const Shape& from, std::size_t batch,
                      bool zero_copies) {
  const auto fixed = static_cast<std::int64_t>(batch);
  if (target.empty() || (target[0] != -1 && target[0] != fixed && target[0] != 1 &&
                         !(target[0] == 0 && zero_copies))) {
    mixes_batch(listed(target));
  }
  Shape result;
  std::size_t open = 0, known = 1;
  for (std::size_t i = 1; i < target.size(); ++i) {
    std::int64_t extent = target[i];
    if (extent == 0 && zero_copies && i - 1 < from.size()) {
      extent = static_cast<std::int64_t>(from[i - 1]);
    }
    if (extent == -1 && open == 0) {
      open = i;
      extent = 1;
    }
    if (extent < 1 || extent > static_cast<std::int64_t>(kMaxElements)) {
      base::fail(ErrorCode::kCorrupt, "the target shape " + listed(target) + " has a bad extent");
    }
    result.push_back(static_cast<std::size_t>(extent));
    known = element_count(result);
  }
  const std::size_t total = element_count(from);
  if (open != 0) {
    if (target[0] == -1 || total % known != 0) mixes_batch(listed(target));
    result[open - 1] = total / known;
  } else if (known != total) {
    mixes_batch(listed(target));
  }
  return result;
}

}  // namespace

Value translate_identity(Importer& importer) { return importer.input(0); }

Value translate_cast(Importer& importer) {
  const std::int64_t type = importer.int_attribute("to", 0);
  if (type != onnx::TensorProto::FLOAT && type != onnx::TensorProto::DOUBLE &&
      type != onnx::TensorProto::FLOAT16 && type != onnx::TensorProto::BFLOAT16) {
    base::fail(ErrorCode::kUnsupported, "rounds to integers, which is not a polynomial");
  }
  return importer.input(0);
}

Value translate_flatten(Importer& importer) {
  const NodeId x = importer.variable(0);
  const Shape& from = importer.shape(x);
  const std::int64_t given = importer.int_attribute("axis", 1);
  const std::size_t rank = from.size() + 1;
  const std::size_t axis =
      given == static_cast<std::int64_t>(rank) ? rank : normal_axis(given, rank);
  const auto kept = axis == 0 ? from.begin() : from.begin() + static_cast<std::ptrdiff_t>(axis - 1);
  if (axis == 0 || element_count(Shape(from.begin(), kept)) != 1) {
    mixes_batch(fmt::format("Flatten with axis {}", given));
  }
  return importer.add(Reshape{{element_count(from)}}, {x});
}

Value translate_reshape(Importer& importer) {
  const NodeId x = importer.variable(0);
  const auto target = to_integers(importer.constant(1, "the target shape"));
  const bool zero_copies = importer.int_attribute("allowzero", 0) == 0;
  return importer.add(
      Reshape{resolve_reshape(target, importer.shape(x), importer.batch, zero_copies)}, {x});
}

Value translate_squeeze(Importer& importer) {
  const NodeId x = importer.variable(0);
  const Shape from = importer.shape(x);
  const auto given = importer.axes(1, "axes");
  std::vector<std::size_t> axes;
  if (given) axes = image_axes(*given, from.size() + 1);
  Shape shape;
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    const bool named = std::count(axes.begin(), axes.end(), axis) > 0;
    if (named && from[axis] != 1) {
      base::fail(ErrorCode::kCorrupt, fmt::format("axis {} has {} elements", axis + 1, from[axis]));
    }
    if (named || (!given && from[axis] == 1)) continue;
    shape.push_back(from[axis]);
  }
  return importer.add(Reshape{shape}, {x});
}

Value translate_unsqueeze(Importer& importer) {
  const NodeId x = importer.variable(0);
  const auto given = importer.axes(1, "axes");
  if (!given) base::fail(ErrorCode::kCorrupt, "axes are missing");
  Shape shape = importer.shape(x);
  if (given->size() > 8) base::fail(ErrorCode::kUnsupported, "adds more than 8 axes");
  for (std::size_t axis : image_axes(*given, shape.size() + 1 + given->size())) {
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(std::min(axis, shape.size())), 1);
  }
  return importer.add(Reshape{shape}, {x});
}

Value translate_transpose(Importer& importer) {
  const NodeId x = importer.variable(0);
  const std::size_t rank = importer.shape(x).size() + 1;
  const auto given = importer.ints_attribute("perm");
  if (!given || given->size() != rank || (*given)[0] != 0) {
    base::fail(ErrorCode::kUnsupported,
               "moves the batch dimension (perm must list every axis and begin with 0)");
  }
  Transpose transpose;
  for (std::size_t i = 1; i < rank; ++i) {
    const std::size_t axis = normal_axis((*given)[i], rank);
    if (axis == 0) base::fail(ErrorCode::kCorrupt, "perm repeats axis 0");
    transpose.perm.push_back(axis - 1);
  }
  return importer.add(std::move(transpose), {x});
}

Value translate_pad(Importer& importer) {
  const NodeId x = importer.variable(0);
  const std::size_t rank = importer.shape(x).size() + 1;
  const std::string mode = importer.string_attribute("mode", "constant");
  if (mode != "constant") {
    base::fail(ErrorCode::kUnsupported, "mode '" + mode + "'; constant padding can take its place");
  }
  const auto pads = importer.axes(1, "pads");
  if (!pads) base::fail(ErrorCode::kCorrupt, "pads are missing");
  std::vector<std::int64_t> padded_axes;
  if (importer.has_input(3)) {
    padded_axes = to_integers(importer.constant(3, "axes"));
  } else {
    for (std::size_t i = 0; i < rank; ++i) padded_axes.push_back(static_cast<std::int64_t>(i));
  }
  const std::size_t count = padded_axes.size();
  if (pads->size() != 2 * count) base::fail(ErrorCode::kCorrupt, "pads do not fit the axes");
  Pad pad{std::vector<std::size_t>(rank), std::vector<std::size_t>(rank), 0.0};
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t axis = normal_axis(padded_axes[i], rank);
    for (auto [side, value] :
         {std::pair{&pad.before, (*pads)[i]}, {&pad.after, (*pads)[count + i]}}) {
      if (value < 0 || value > static_cast<std::int64_t>(kMaxElements)) {
        base::fail(ErrorCode::kUnsupported, fmt::format("pads holds {}", value));
      }
      (*side)[axis] = static_cast<std::size_t>(value);
    }
  }
  if (pad.before[0] != 0 || pad.after[0] != 0) mixes_batch("pads");
  pad.before.erase(pad.before.begin());
  pad.after.erase(pad.after.begin());
  if (importer.has_input(2)) {
    const Tensor& value = importer.constant(2, "the padding value");
    if (!value.is_scalar()) base::fail(ErrorCode::kCorrupt, "the padding value is not a scalar");
    pad.value = value.values[0];
  } else {
    pad.value = importer.float_attribute("value", 0.0);
  }
  return importer.add(std::move(pad), {x});
}

Value translate_concat(Importer& importer) {
  std::vector<NodeId> inputs;
  for (std::size_t i = 0; i < importer.input_count(); ++i) inputs.push_back(importer.variable(i));
  if (inputs.empty()) base::fail(ErrorCode::kCorrupt, "has no inputs");
  const std::size_t rank = importer.shape(inputs[0]).size() + 1;
  const auto axes = image_axes({importer.int_attribute("axis", 1)}, rank);
  return importer.add(Concat{axes[0]}, std::move(inputs));
}

Value translate_shape(Importer& importer) {
  const Shape& shape = importer.shape(importer.variable(0));
  std::vector<double> extents{static_cast<double>(importer.batch)};
  extents.insert(extents.end(), shape.begin(), shape.end());
  const auto size = static_cast<std::int64_t>(extents.size());
  const auto bound = [&](std::int64_t i) {
    return std::clamp<std::int64_t>(i < 0 ? i + size : i, 0, size);
  };
  const std::int64_t begin = bound(importer.int_attribute("start", 0));
  const std::int64_t end = std::max(begin, bound(importer.int_attribute("end", size)));
  return Tensor::vector({extents.begin() + begin, extents.begin() + end});
}

}  // namespace serdab::graph::onnx_import
