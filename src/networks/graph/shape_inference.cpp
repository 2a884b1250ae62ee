#include "networks/graph/shape_inference.h"

#include <algorithm>
#include <string>

#include "engine/base/error.h"

namespace serdab::graph {

using base::ErrorCode;

std::size_t window_count(const Window& window, std::size_t axis, std::size_t extent,
                         bool ceil_mode) {
  const std::size_t padded = extent + window.pads[axis] + window.pads[axis + 2];
  const std::size_t reach = (window.kernel[axis] - 1) * window.dilations[axis] + 1;
  if (padded < reach) return 0;
  const std::size_t stride = window.strides[axis];
  std::size_t count = (padded - reach) / stride + 1;
  // A window that would begin inside the padding behind the image does not count (as PyTorch).
  if (ceil_mode && (padded - reach) % stride != 0 && count * stride < extent + window.pads[axis]) {
    ++count;
  }
  return count;
}

namespace {

[[noreturn]] void reject(const std::string& message) {
  base::fail(ErrorCode::kInvalidArgument, message);
}

void check(bool condition, const char* message) {
  if (!condition) reject(message);
}

const Shape& only(std::span<const Shape> inputs) {
  if (inputs.size() != 1) reject("needs one input, has " + std::to_string(inputs.size()));
  return inputs[0];
}

void check_per_channel(const std::vector<double>& values, std::size_t channels, const char* what) {
  if (values.size() == channels) return;
  reject(std::string(what) + " has " + std::to_string(values.size()) + " values, the input " +
         std::to_string(channels) + " channels");
}

std::size_t fitted_window(const Window& window, std::size_t axis, const Shape& image,
                          bool ceil_mode) {
  const std::size_t extent = image[axis + 1];
  check(window.kernel[axis] > 0 && window.strides[axis] > 0 && window.dilations[axis] > 0,
        "kernel, strides and dilations must be at least 1");
  check(std::max({window.kernel[axis], window.strides[axis], window.dilations[axis],
                  window.pads[axis], window.pads[axis + 2]}) <= kMaxElements,
        "kernel, strides, dilations or pads are absurdly large");
  const std::size_t count = window_count(window, axis, extent, ceil_mode);
  if (count == 0) reject("the window does not fit into an image of shape " + to_string(image));
  return count;
}

Shape slide(const Window& window, const Shape& image, std::size_t channels,
            bool ceil_mode = false) {
  if (image.size() != 3) reject("needs an input of shape CxHxW, has " + to_string(image));
  return {channels, fitted_window(window, 0, image, ceil_mode),
          fitted_window(window, 1, image, ceil_mode)};
}

struct Infer {
  std::span<const Shape> inputs;

  Shape operator()(const Input& op) const {
    check(inputs.empty(), "an Input has no inputs");
    return op.shape;
  }
  Shape operator()(const Conv& op) const {
    const Shape& x = only(inputs);
    const Shape& w = op.weights.shape;
    if (x.size() != 3) reject("needs an input of shape CxHxW, has " + to_string(x));
    check(w.size() == 4, "weights must have shape OxIxKxK");
    check(op.groups > 0 && w[0] % op.groups == 0, "groups must divide the output channels");
    if (w[1] * op.groups != x[0]) {
      reject("weights " + to_string(w) + " with " + std::to_string(op.groups) + " groups need " +
             std::to_string(w[1] * op.groups) + " channels, the input has " + std::to_string(x[0]));
    }
    check(w[2] == op.window.kernel[0] && w[3] == op.window.kernel[1],
          "kernel_shape differs from the weights");
    check(op.bias.empty() || op.bias.size() == w[0], "bias needs one value per output channel");
    return slide(op.window, x, w[0]);
  }
  Shape operator()(const BatchNorm& op) const {
    const Shape& x = only(inputs);
    check(!x.empty(), "needs an input with channels");
    check_per_channel(op.scale, x[0], "scale");
    check_per_channel(op.bias, x[0], "bias");
    check_per_channel(op.mean, x[0], "mean");
    check_per_channel(op.variance, x[0], "variance");
    for (double v : op.variance) check(v + op.epsilon > 0, "variance + epsilon must be positive");
    return x;
  }
  Shape operator()(const Dense& op) const {
    Shape x = only(inputs);
    check(op.weights.shape.size() == 2, "weights must be a matrix");
    if (x.empty() || x.back() != op.weights.shape[1]) {
      reject("weights " + to_string(op.weights.shape) + " do not fit an input of shape " +
             to_string(x));
    }
    x.back() = op.weights.shape[0];
    check(op.bias.empty() || op.bias.size() == x.back(), "bias needs one value per output");
    return x;
  }
  Shape operator()(const ScaleShift& op) const {
    const Shape& x = only(inputs);
    for (const Tensor* constant : {&op.factor, &op.offset}) {
      if (!constant->is_scalar() && broadcast_shape(constant->shape, x) != x) {
        reject("a constant of shape " + to_string(constant->shape) + " would enlarge the value " +
               to_string(x));
      }
    }
    return x;
  }
  Shape pair() const {
    check(inputs.size() == 2, "needs two inputs");
    if (inputs[0].size() != inputs[1].size()) {
      reject("values of shapes " + to_string(inputs[0]) + " and " + to_string(inputs[1]) +
             " have different ranks");
    }
    return broadcast_shape(inputs[0], inputs[1]);
  }
  Shape operator()(const Sum&) const { return pair(); }
  Shape operator()(const Multiply&) const { return pair(); }
  Shape operator()(const Power& op) const {
    check(op.exponent >= 1, "the exponent must be at least 1");
    return only(inputs);
  }
  Shape operator()(const Polynomial& op) const {
    const Shape& x = only(inputs);
    check(!op.sets.empty(), "a polynomial needs coefficients");
    check(op.set_of_element.empty() || op.set_of_element.size() == element_count(x),
          "a polynomial needs one coefficient set per element");
    for (std::uint32_t set : op.set_of_element) {
      check(set < op.sets.size(), "a polynomial names a coefficient set it does not have");
    }
    return x;
  }
  Shape operator()(const Activation&) const { return only(inputs); }
  Shape operator()(const AveragePool& op) const {
    const Shape& x = only(inputs);
    for (std::size_t axis = 0; axis < 2; ++axis) {
      check(op.window.pads[axis] < op.window.kernel[axis] &&
                op.window.pads[axis + 2] < op.window.kernel[axis],
            "pads must be smaller than the kernel");
    }
    return slide(op.window, x, x.empty() ? 0 : x[0], op.ceil_mode);
  }
  Shape operator()(const Mean& op) const {
    const Shape& x = only(inputs);
    Shape result;
    for (std::size_t axis = 0; axis < x.size(); ++axis) {
      const bool reduced = std::count(op.axes.begin(), op.axes.end(), axis) > 0;
      if (!reduced) result.push_back(x[axis]);
      if (reduced && op.keep_axes) result.push_back(1);
    }
    for (std::size_t axis : op.axes) check(axis < x.size(), "an axis is outside the input");
    return result;
  }
  Shape operator()(const Reshape& op) const {
    const Shape& x = only(inputs);
    if (element_count(op.shape) != element_count(x)) {
      reject("cannot reshape " + to_string(x) + " into " + to_string(op.shape));
    }
    return op.shape;
  }
  Shape operator()(const Transpose& op) const {
    const Shape& x = only(inputs);
    std::vector<std::size_t> sorted = op.perm;
    std::sort(sorted.begin(), sorted.end());
    check(sorted.size() == x.size(), "perm needs one entry per axis");
    for (std::size_t i = 0; i < sorted.size(); ++i) check(sorted[i] == i, "perm repeats an axis");
    Shape result;
    for (std::size_t axis : op.perm) result.push_back(x[axis]);
    return result;
  }
  Shape operator()(const Pad& op) const {
    Shape x = only(inputs);
    check(op.before.size() == x.size() && op.after.size() == x.size(),
          "pads need two values per axis");
    for (std::size_t axis = 0; axis < x.size(); ++axis) {
      check(op.before[axis] <= kMaxElements && op.after[axis] <= kMaxElements,
            "pads are absurdly large");
      x[axis] += op.before[axis] + op.after[axis];
    }
    return x;
  }
  Shape operator()(const Concat& op) const {
    check(!inputs.empty(), "needs at least one input");
    Shape result = inputs[0];
    check(op.axis < result.size(), "the axis is outside the inputs");
    for (const Shape& x : inputs.subspan(1)) {
      check(x.size() == result.size(), "inputs have different ranks");
      for (std::size_t axis = 0; axis < x.size(); ++axis) {
        if (axis != op.axis && x[axis] != result[axis]) {
          reject("cannot concatenate " + to_string(result) + " and " + to_string(x));
        }
      }
      result[op.axis] += x[op.axis];
    }
    return result;
  }
};

}  // namespace

Shape infer_shape(const Op& op, std::span<const Shape> inputs) {
  Shape shape = std::visit(Infer{inputs}, op);
  const std::size_t count = element_count(shape);
  if (count == 0) reject("the result has no elements");
  if (count > kMaxFeatures) {
    base::fail(ErrorCode::kLimit, "the result " + to_string(shape) + " has more than " +
                                      std::to_string(kMaxFeatures) + " elements");
  }
  return shape;
}

}  // namespace serdab::graph
