#include "networks/graph/onnx/internal/windows.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/error.h"

namespace serdab::graph::onnx_import {
namespace {

using base::ErrorCode;

/// An attribute of `count` integers in [least, kMaxElements]; `otherwise` everywhere if absent.
std::vector<std::size_t> extents(const Importer& importer, const char* name, std::size_t count,
                                 std::size_t least, std::size_t otherwise) {
  const auto values = importer.ints_attribute(name);
  if (!values) return std::vector<std::size_t>(count, otherwise);
  if (values->size() != count) {
    base::fail(ErrorCode::kUnsupported,
               fmt::format("{} has {} values, expected {}", name, values->size(), count));
  }
  std::vector<std::size_t> result;
  for (std::int64_t value : *values) {
    if (value < static_cast<std::int64_t>(least) ||
        value > static_cast<std::int64_t>(kMaxElements)) {
      base::fail(ErrorCode::kUnsupported, fmt::format("{} holds {}", name, value));
    }
    result.push_back(static_cast<std::size_t>(value));
  }
  return result;
}

/// Padding that makes the result ceil(extent / stride) long; the odd element goes after
/// (SAME_UPPER) or before the image (SAME_LOWER).
void pad_same(Window& window, std::size_t axis, std::size_t extent, bool upper) {
  const std::size_t stride = window.strides[axis];
  const std::size_t count = (extent + stride - 1) / stride;
  const std::size_t reach = (window.kernel[axis] - 1) * window.dilations[axis] + 1;
  const std::size_t covered = (count - 1) * stride + reach;
  const std::size_t total = covered > extent ? covered - extent : 0;
  window.pads[axis] = upper ? total / 2 : total - total / 2;
  window.pads[axis + 2] = total - window.pads[axis];
}

}  // namespace

Window read_window(const Importer& importer, const Shape& kernel, const Shape& value) {
  const std::size_t axes = kernel.size();
  const std::size_t first = 2 - axes;
  const auto strides = extents(importer, "strides", axes, 1, 1);
  const auto dilations = extents(importer, "dilations", axes, 1, 1);
  const auto pads = extents(importer, "pads", 2 * axes, 0, 0);
  const std::string auto_pad = importer.string_attribute("auto_pad", "NOTSET");
  Window window;
  for (std::size_t i = 0; i < axes; ++i) {
    const std::size_t axis = first + i;
    const std::size_t extent = value[value.size() - axes + i];
    if (kernel[i] == 0) base::fail(ErrorCode::kCorrupt, "the kernel has no elements");
    window.kernel[axis] = kernel[i];
    window.strides[axis] = strides[i];
    window.dilations[axis] = dilations[i];
    if (auto_pad == "NOTSET") {
      window.pads[axis] = pads[i];
      window.pads[axis + 2] = pads[axes + i];
    } else if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
      pad_same(window, axis, extent, auto_pad == "SAME_UPPER");
    } else if (auto_pad != "VALID") {
      base::fail(ErrorCode::kUnsupported, "auto_pad is '" + auto_pad + "'");
    }
  }
  return window;
}

}  // namespace serdab::graph::onnx_import
