#pragma once

#include "networks/graph/onnx/internal/importer.h"

namespace serdab::graph::onnx_import {

/// strides, dilations, pads and auto_pad of the current node, for a window with the given kernel
/// (one or two extents) that slides over the last axes of a value of the given shape.
/// One-dimensional windows get a first axis of extent 1.
Window read_window(const Importer& importer, const Shape& kernel, const Shape& value);

}  // namespace serdab::graph::onnx_import
