// Add, Sub, Mul, Div, Pow, Neg and the activations.

#include <fmt/format.h>

#include <cmath>
#include <unordered_map>

#include "engine/base/error.h"
#include "networks/graph/onnx/internal/translators.h"

namespace serdab::graph::onnx_import {
namespace {

using base::ErrorCode;

/// The constant among the two inputs of the current node, fitted to the variable beside it.
struct WithConstant {
  NodeId variable;
  Tensor constant;
};

WithConstant split(const Importer& importer) {
  const bool first_constant = importer.is_constant(0);
  const NodeId variable = importer.variable(first_constant ? 1 : 0);
  const Tensor& constant = importer.constant(first_constant ? 0 : 1, "one side");
  return {variable, without_batch(constant, importer.shape(variable))};
}

bool both_variable(const Importer& importer) {
  return !importer.is_constant(0) && !importer.is_constant(1);
}

Tensor mapped(Tensor tensor, double (*function)(double)) {
  for (double& value : tensor.values) value = function(value);
  return tensor;
}

Value scale_shift(Importer& importer, NodeId x, Tensor factor, Tensor offset) {
  return importer.add(ScaleShift{std::move(factor), std::move(offset)}, {x});
}

}  // namespace

Value translate_add(Importer& importer) {
  if (both_variable(importer)) {
    return importer.add(Sum{}, {importer.variable(0), importer.variable(1)});
  }
  auto [x, constant] = split(importer);
  return scale_shift(importer, x, Tensor::scalar(1.0), std::move(constant));
}

Value translate_sub(Importer& importer) {
  if (both_variable(importer)) {
    return importer.add(Sum{{1.0, -1.0}}, {importer.variable(0), importer.variable(1)});
  }
  const bool from_constant = importer.is_constant(0);
  auto [x, constant] = split(importer);
  if (from_constant) return scale_shift(importer, x, Tensor::scalar(-1.0), std::move(constant));
  return scale_shift(importer, x, Tensor::scalar(1.0),
                     mapped(std::move(constant), [](double v) { return -v; }));
}

Value translate_mul(Importer& importer) {
  if (both_variable(importer)) {
    return importer.add(Multiply{}, {importer.variable(0), importer.variable(1)});
  }
  auto [x, constant] = split(importer);
  return scale_shift(importer, x, std::move(constant), Tensor::scalar(0.0));
}

Value translate_div(Importer& importer) {
  if (!importer.is_constant(1)) {
    base::fail(
        ErrorCode::kUnsupported,
        "divides by a value that depends on the image; encrypted values cannot be divided by, "
        "a polynomial or BatchNormalization can take its place");
  }
  auto [x, constant] = split(importer);
  for (double value : constant.values) {
    if (value == 0.0) base::fail(ErrorCode::kCorrupt, "divides by zero");
  }
  return scale_shift(importer, x, mapped(std::move(constant), [](double v) { return 1.0 / v; }),
                     Tensor::scalar(0.0));
}

Value translate_pow(Importer& importer) {
  const NodeId x = importer.variable(0);
  const Tensor& exponent = importer.constant(1, "the exponent");
  const double value = exponent.values.empty() ? 0.0 : exponent.values[0];
  if (!exponent.is_scalar() || value != std::floor(value) || value < 1 || value > 64) {
    base::fail(ErrorCode::kUnsupported,
               "the exponent must be one whole number between 1 and 64: other powers are not "
               "polynomials");
  }
  if (value == 1.0) return x;
  return importer.add(Power{static_cast<unsigned>(value)}, {x});
}

Value translate_neg(Importer& importer) {
  return scale_shift(importer, importer.variable(0), Tensor::scalar(-1.0), Tensor::scalar(0.0));
}

Value translate_activation(Importer& importer) {
  static const std::unordered_map<std::string, ActivationKind> kinds{
      {"Relu", ActivationKind::kRelu},         {"LeakyRelu", ActivationKind::kLeakyRelu},
      {"Sigmoid", ActivationKind::kSigmoid},   {"Tanh", ActivationKind::kTanh},
      {"Softplus", ActivationKind::kSoftplus}, {"Erf", ActivationKind::kErf},
      {"Mish", ActivationKind::kMish},         {"HardSwish", ActivationKind::kHardSwish}};
  const ActivationKind kind = kinds.at(importer.node().op_type());
  const double alpha =
      kind == ActivationKind::kLeakyRelu ? importer.float_attribute("alpha", 0.01) : 0.0;
  return importer.add(Activation{kind, alpha}, {importer.variable(0)});
}

}  // namespace serdab::graph::onnx_import
