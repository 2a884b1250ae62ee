// Conv, BatchNormalization, Gemm, MatMul.

#include <fmt/format.h>

#include "engine/base/error.h"
#include "networks/graph/onnx/internal/translators.h"
#include "networks/graph/onnx/internal/windows.h"

namespace serdab::graph::onnx_import {
namespace {

using base::ErrorCode;

std::vector<double> channel_values(const Importer& importer, std::size_t i, const char* what) {
  return importer.constant(i, what).values;
}

Tensor transposed(const Tensor& matrix) {
  const std::size_t rows = matrix.shape[0], columns = matrix.shape[1];
  Tensor result{{columns, rows}, std::vector<double>(matrix.values.size())};
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      result.values[c * rows + r] = matrix.values[r * columns + c];
    }
  }
  return result;
}

Tensor matrix_constant(const Importer& importer, std::size_t i) {
  const Tensor& matrix = importer.constant(i, "the matrix");
  if (matrix.shape.size() != 2) {
    base::fail(ErrorCode::kUnsupported,
               fmt::format("the matrix (input {}) has shape {}; only constant matrices of rank 2 "
                           "can be applied",
                           i, to_string(matrix.shape)));
  }
  return matrix;
}

}  // namespace

Value translate_conv(Importer& importer) {
  NodeId x = importer.variable(0);
  Conv conv{importer.constant(1, "the weights"), {}, {}, 1};
  if (importer.has_input(2)) conv.bias = channel_values(importer, 2, "the bias");
  const std::size_t rank = importer.shape(x).size();
  const bool flat = rank == 2 && conv.weights.shape.size() == 3;
  if (!flat && (rank != 3 || conv.weights.shape.size() != 4)) {
    base::fail(ErrorCode::kUnsupported,
               fmt::format("convolves a value of shape {}; one- and two-dimensional convolutions "
                           "are supported",
                           to_string(importer.shape(x))));
  }
  const std::int64_t groups = importer.int_attribute("group", 1);
  if (groups < 1) base::fail(ErrorCode::kCorrupt, fmt::format("group is {}", groups));
  conv.groups = static_cast<std::size_t>(groups);
  const Shape kernel(conv.weights.shape.begin() + 2, conv.weights.shape.end());
  conv.window = read_window(importer, kernel, importer.shape(x));
  if (!flat) return importer.add(std::move(conv), {x});

  // A one-dimensional convolution is a two-dimensional one on an image of height 1.
  const Shape line = importer.shape(x);
  conv.weights.shape.insert(conv.weights.shape.begin() + 2, 1);
  x = importer.add("/image", Reshape{{line[0], 1, line[1]}}, {x});
  const NodeId y = importer.add(std::move(conv), {x});
  return importer.add("/line", Reshape{{importer.shape(y)[0], importer.shape(y)[2]}}, {y});
}

Value translate_batch_norm(Importer& importer) {
  if (importer.int_attribute("training_mode", 0) != 0) {
    base::fail(ErrorCode::kUnsupported,
               "is in training mode; export the network in evaluation mode");
  }
  const NodeId x = importer.variable(0);
  BatchNorm norm;
  norm.scale = channel_values(importer, 1, "the scale");
  norm.bias = channel_values(importer, 2, "the bias");
  norm.mean = channel_values(importer, 3, "the mean");
  norm.variance = channel_values(importer, 4, "the variance");
  norm.epsilon = importer.float_attribute("epsilon", 1e-5);
  return importer.add(std::move(norm), {x});
}

Value translate_gemm(Importer& importer) {
  if (importer.int_attribute("transA", 0) != 0) {
    base::fail(ErrorCode::kUnsupported, "transA mixes the images of a batch; it must be 0");
  }
  const NodeId x = importer.variable(0);
  if (importer.shape(x).size() != 1) {
    base::fail(ErrorCode::kUnsupported,
               fmt::format("needs one vector per image, has {}", to_string(importer.shape(x))));
  }
  Dense dense{matrix_constant(importer, 1), {}};
  if (importer.int_attribute("transB", 0) == 0) dense.weights = transposed(dense.weights);
  const double alpha = importer.float_attribute("alpha", 1.0);
  for (double& weight : dense.weights.values) weight *= alpha;
  if (importer.has_input(2)) {
    const Shape outputs{dense.weights.shape[0]};
    dense.bias = broadcast(without_batch(importer.constant(2, "the bias"), outputs), outputs);
    const double beta = importer.float_attribute("beta", 1.0);
    for (double& bias : dense.bias) bias *= beta;
  }
  return importer.add(std::move(dense), {x});
}

Value translate_matmul(Importer& importer) {
  if (!importer.is_constant(0) && !importer.is_constant(1)) {
    base::fail(ErrorCode::kUnsupported,
               "multiplies two matrices that both depend on the image (attention); only constant "
               "matrices can be applied");
  }
  const NodeId x = importer.variable(0);
  return importer.add(Dense{transposed(matrix_constant(importer, 1)), {}}, {x});
}

}  // namespace serdab::graph::onnx_import
