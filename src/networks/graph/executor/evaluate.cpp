#include <algorithm>
#include <cmath>

#include "networks/graph/executor/internal/lanes.h"
#include "networks/graph/positions.h"

namespace serdab::graph::executor {
namespace {

constexpr Lane kZeros{};

Lane filled(double value) {
  Lane lane;
  lane.fill(value);
  return lane;
}

void add_scaled(Lane& to, double factor, const Lane& from) {
  for (std::size_t i = 0; i < kLanes; ++i) to[i] += factor * from[i];
}

void scale(Lane& lane, double factor) {
  for (double& value : lane) value *= factor;
}

/// The image positions of one window: calls visit(kernel index, image index) for those that are
/// inside.
template <typename Visit>
void for_window(const Window& w, std::size_t height, std::size_t width, std::size_t row,
                std::size_t column, Visit visit) {
  for (std::size_t i = 0; i < w.kernel[0]; ++i) {
    const std::size_t y = row * w.strides[0] + i * w.dilations[0] - w.pads[0];
    if (y >= height) continue;  // wraps to a huge value above the image
    for (std::size_t j = 0; j < w.kernel[1]; ++j) {
      const std::size_t x = column * w.strides[1] + j * w.dilations[1] - w.pads[1];
      if (x < width) visit(i * w.kernel[1] + j, y * width + x);
    }
  }
}

struct Evaluate {
  const std::vector<const Lanes*>& inputs;
  const std::vector<const Shape*>& shapes;
  const Shape& result;

  const Lanes& x() const { return *inputs[0]; }
  const Shape& x_shape() const { return *shapes[0]; }

  template <typename Function>
  Lanes map(Function function) const {
    Lanes y = x();
    for (std::size_t e = 0; e < y.size(); ++e) {
      for (double& value : y[e]) value = function(e, value);
    }
    return y;
  }

  Lanes gather(const std::vector<std::size_t>& index) const {
    Lanes y;
    y.reserve(index.size());
    for (std::size_t i : index) y.push_back(x()[i]);
    return y;
  }

  Lanes operator()(const Input&) const { return {}; }

  Lanes operator()(const Conv& op) const {
    const std::size_t height = x_shape()[1], width = x_shape()[2], area = height * width;
    const std::size_t per_group = op.weights.shape[1];
    const std::size_t kernel = op.window.kernel[0] * op.window.kernel[1];
    const std::size_t outputs_per_group = result[0] / op.groups;
    Lanes y;
    y.reserve(element_count(result));
    for (std::size_t o = 0; o < result[0]; ++o) {
      const std::size_t first = o / outputs_per_group * per_group;
      for (std::size_t row = 0; row < result[1]; ++row) {
        for (std::size_t column = 0; column < result[2]; ++column) {
          Lane sum = filled(op.bias.empty() ? 0.0 : op.bias[o]);
          for (std::size_t c = 0; c < per_group; ++c) {
            const double* w = op.weights.values.data() + (o * per_group + c) * kernel;
            const Lane* plane = x().data() + (first + c) * area;
            for_window(op.window, height, width, row, column,
                       [&](std::size_t k, std::size_t at) { add_scaled(sum, w[k], plane[at]); });
          }
          y.push_back(sum);
        }
      }
    }
    return y;
  }

  Lanes operator()(const BatchNorm& op) const {
    const std::size_t area = x().size() / x_shape()[0];
    return map([&](std::size_t e, double value) {
      const std::size_t c = e / area;
      return (value - op.mean[c]) / std::sqrt(op.variance[c] + op.epsilon) * op.scale[c] +
             op.bias[c];
    });
  }

  Lanes operator()(const Dense& op) const {
    const std::size_t outputs = op.weights.shape[0], width = op.weights.shape[1];
    Lanes y;
    y.reserve(element_count(result));
    for (std::size_t row = 0; row < x().size() / width; ++row) {
      for (std::size_t o = 0; o < outputs; ++o) {
        Lane sum = filled(op.bias.empty() ? 0.0 : op.bias[o]);
        for (std::size_t i = 0; i < width; ++i) {
          add_scaled(sum, op.weights.values[o * width + i], x()[row * width + i]);
        }
        y.push_back(sum);
      }
    }
    return y;
  }

  Lanes operator()(const ScaleShift& op) const {
    const auto factor = broadcast(op.factor, result), offset = broadcast(op.offset, result);
    return map([&](std::size_t e, double value) { return factor[e] * value + offset[e]; });
  }

  template <typename Function>
  Lanes pairwise(Function function) const {
    const auto a = broadcast_index(*shapes[0], result), b = broadcast_index(*shapes[1], result);
    Lanes y(a.size());
    for (std::size_t e = 0; e < y.size(); ++e) {
      const Lane &left = (*inputs[0])[a[e]], &right = (*inputs[1])[b[e]];
      for (std::size_t i = 0; i < kLanes; ++i) y[e][i] = function(left[i], right[i]);
    }
    return y;
  }

  Lanes operator()(const Sum& op) const {
    return pairwise([&](double a, double b) { return op.signs[0] * a + op.signs[1] * b; });
  }

  Lanes operator()(const Multiply&) const {
    return pairwise([](double a, double b) { return a * b; });
  }

  Lanes operator()(const Power& op) const {
    return map([&](std::size_t, double value) {
      double power = value;
      for (unsigned i = 1; i < op.exponent; ++i) power *= value;
      return power;
    });
  }

  Lanes operator()(const Polynomial& op) const {
    Lanes y(x().size());
    for (std::size_t e = 0; e < y.size(); ++e) {
      const auto& c = op.sets[op.set_of_element.empty() ? 0 : op.set_of_element[e]];
      for (std::size_t k = c.size(); k-- > 0;) {
        for (std::size_t i = 0; i < kLanes; ++i) y[e][i] = y[e][i] * x()[e][i] + c[k];
      }
    }
    return y;
  }

  Lanes operator()(const Activation& op) const {
    return map([&](std::size_t, double value) { return activation_value(op, value); });
  }

  Lanes operator()(const AveragePool& op) const {
    const std::size_t height = x_shape()[1], width = x_shape()[2];
    Lanes y;
    y.reserve(element_count(result));
    for (std::size_t c = 0; c < result[0]; ++c) {
      const Lane* plane = x().data() + c * height * width;
      for (std::size_t row = 0; row < result[1]; ++row) {
        for (std::size_t column = 0; column < result[2]; ++column) {
          Lane sum = kZeros;
          for_window(op.window, height, width, row, column,
                     [&](std::size_t, std::size_t at) { add_scaled(sum, 1.0, plane[at]); });
          scale(sum, 1.0 / static_cast<double>(pool_divisor(op, x_shape(), row, column)));
          y.push_back(sum);
        }
      }
    }
    return y;
  }

  Lanes operator()(const Mean& op) const {
    Shape kept = x_shape();
    for (std::size_t axis : op.axes) kept[axis] = 1;
    const auto target = broadcast_index(kept, x_shape());
    Lanes y(element_count(result), kZeros);
    for (std::size_t e = 0; e < x().size(); ++e) add_scaled(y[target[e]], 1.0, x()[e]);
    const double divisor = static_cast<double>(x().size()) / static_cast<double>(y.size());
    for (Lane& lane : y) scale(lane, 1.0 / divisor);
    return y;
  }

  Lanes operator()(const Reshape&) const { return x(); }

  Lanes operator()(const Transpose& op) const {
    return gather(transpose_index(x_shape(), op.perm));
  }

  Lanes operator()(const Pad& op) const {
    Lanes y(element_count(result), filled(op.value));
    const auto index = pad_index(op, x_shape(), result);
    for (std::size_t e = 0; e < index.size(); ++e) y[index[e]] = x()[e];
    return y;
  }

  Lanes operator()(const Concat& op) const {
    Lanes y(element_count(result));
    std::size_t offset = 0;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const auto index = concat_index(op.axis, *shapes[k], offset, result);
      for (std::size_t e = 0; e < index.size(); ++e) y[index[e]] = (*inputs[k])[e];
      offset += (*shapes[k])[op.axis];
    }
    return y;
  }
};

}  // namespace

Lanes evaluate(const Op& op, const std::vector<const Lanes*>& inputs,
               const std::vector<const Shape*>& shapes, const Shape& result) {
  return std::visit(Evaluate{inputs, shapes, result}, op);
}

}  // namespace serdab::graph::executor
