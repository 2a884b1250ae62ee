#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "networks/graph/tensor.h"

/// The operations of a Graph. Each owns its constants; shapes and axes leave the batch dimension
/// out.
namespace serdab::graph {

/// The image, fed from outside.
struct Input {
  Shape shape;
};

/// Extents of a window that slides over the last two axes of {C, H, W}.
struct Window {
  std::array<std::size_t, 2> kernel{1, 1};
  std::array<std::size_t, 2> strides{1, 1};
  std::array<std::size_t, 2> dilations{1, 1};
  std::array<std::size_t, 4> pads{0, 0, 0, 0};  ///< top, left, bottom, right
};

/// Convolution {C, H, W} -> {O, H', W'}. weights: {O, C/groups, kernel}; bias: O values or none.
struct Conv {
  Tensor weights;
  std::vector<double> bias;
  Window window;
  std::size_t groups = 1;
};

/// scale·(x − mean)/sqrt(variance + epsilon) + bias, one value of each per extent of axis 0.
struct BatchNorm {
  std::vector<double> scale, bias, mean, variance;
  double epsilon = 1e-5;
};

/// weights·x + bias along the last axis; weights: {outputs, inputs}; bias: `outputs` values or
/// none.
struct Dense {
  Tensor weights;
  std::vector<double> bias;
};

/// factor ⊙ x + offset, both broadcast into the shape of x.
struct ScaleShift {
  Tensor factor = Tensor::scalar(1.0);
  Tensor offset = Tensor::scalar(0.0);
};

/// signs[0]·x + signs[1]·y, broadcast against each other.
struct Sum {
  std::array<double, 2> signs{1.0, 1.0};
};

/// x ⊙ y, broadcast against each other.
struct Multiply {};

/// x^exponent, exponent >= 1.
struct Power {
  unsigned exponent = 2;
};

/// Σ_k c[k]·x^k with one coefficient set for all elements, or one chosen for every element.
struct Polynomial {
  std::vector<std::vector<double>> sets;
  std::vector<std::uint32_t> set_of_element;  ///< empty: sets[0] everywhere
  std::size_t degree() const;
};

enum class ActivationKind {
  kRelu,
  kLeakyRelu,
  kSigmoid,
  kTanh,
  kSoftplus,
  kErf,
  kSilu,
  kMish,
  kGelu,
  kHardSwish
};

/// A function that CKKS cannot compute as it is; the compiler puts a polynomial in its place.
struct Activation {
  ActivationKind kind = ActivationKind::kRelu;
  double alpha = 0.0;  ///< slope left of zero, kLeakyRelu only
};

/// Means over a window. With count_padding the divisor is the whole window, else what lies inside.
struct AveragePool {
  Window window;
  bool count_padding = false;
  bool ceil_mode = false;
};

/// Mean over the given axes, which become 1 (keep) or vanish.
struct Mean {
  std::vector<std::size_t> axes;
  bool keep_axes = true;
};

/// The same elements in the same row-major order under another shape.
struct Reshape {
  Shape shape;
};

/// Axis i of the result is axis perm[i] of x.
struct Transpose {
  std::vector<std::size_t> perm;
};

/// `value` put around x: before[i] and after[i] elements along axis i.
struct Pad {
  std::vector<std::size_t> before, after;
  double value = 0.0;
};

/// Inputs one after another along an axis.
struct Concat {
  std::size_t axis = 0;
};

using Op = std::variant<Input, Conv, BatchNorm, Dense, ScaleShift, Sum, Multiply, Power, Polynomial,
                        Activation, AveragePool, Mean, Reshape, Transpose, Pad, Concat>;

/// "Conv", "BatchNorm", "Polynomial", …; activations by their own name, "Relu", "Silu".
std::string_view op_name(const Op& op);

/// The activations that can be asked for by name, in lower case: "relu", "silu", "swish" (the
/// same), …; LeakyRelu is not among them, which needs a slope.
std::vector<std::string> activation_names();
/// The kind of such a name, in any case.
std::optional<ActivationKind> find_activation(std::string_view name);

/// The exact function an Activation stands for.
double activation_value(const Activation& activation, double x);

}  // namespace serdab::graph
