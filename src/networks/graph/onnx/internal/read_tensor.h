#pragma once

#include "networks/graph/onnx/internal/proto.h"
#include "networks/graph/tensor.h"

namespace serdab::graph::onnx_import {

/// A constant of the file as doubles. Takes every numeric type stored inline; throws base::Error
/// for data in other files, for a size that the bytes present do not bear out, and for non-finite
/// values.
Tensor read_tensor(const onnx::TensorProto& proto);

}  // namespace serdab::graph::onnx_import
