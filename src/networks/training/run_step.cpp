#include <algorithm>

#include "engine/base/error.h"
#include "networks/training/step_graph.h"

namespace serdab::training {
namespace {

// Values of every node, in order.
class StepRunner {
 public:
  StepRunner(const StepGraph& step, const Tensors& given, std::size_t samples)
      : step_(step), given_(given), samples_(samples) {}

  Tensors run() {
    for (const StepNode& node : step_.nodes) {
      values_.push_back(std::visit([&](const auto& op) { return evaluate(op, node); }, node.op));
    }
    Tensors outputs;
    for (const StepOutput& output : step_.outputs) outputs[output.name] = values_[output.node];
    return outputs;
  }

 private:
  std::size_t size(const TensorShape& shape) const {
    return shape.rows * (shape.is_matrix() ? shape.cols : samples_);
  }

  TensorValues evaluate(const GivenOp& op, const StepNode& node) const {
    const auto at = given_.find(op.name);
    const std::size_t want = size(node.shape);
    if (at == given_.end() || at->second.size() != want) {
      base::fail(base::ErrorCode::kInvalidArgument,
                 "training step: tensor '" + op.name + "' has " +
                     (at == given_.end() ? "no" : std::to_string(at->second.size())) +
                     " values, needs " + std::to_string(want));
    }
    return at->second;
  }

  TensorValues evaluate(const MatVecOp& op, const StepNode& node) const {
    const auto [rows, cols] = step_.shape(op.matrix);
    const TensorValues& w = values_[op.matrix];
    const TensorValues& x = values_[op.vector];
    TensorValues y(size(node.shape));
    for (std::size_t s = 0; s < samples_; ++s) {
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < cols; ++c) y[s * rows + r] += w[r * cols + c] * x[s * cols + c];
      }
    }
    return y;
  }

  TensorValues evaluate(const MatVecTransposedOp& op, const StepNode& node) const {
    const auto [rows, cols] = step_.shape(op.matrix);
    const TensorValues& w = values_[op.matrix];
    const TensorValues& d = values_[op.vector];
    TensorValues z(size(node.shape));
    for (std::size_t s = 0; s < samples_; ++s) {
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < cols; ++c) z[s * cols + c] += w[r * cols + c] * d[s * rows + r];
      }
    }
    return z;
  }

  TensorValues evaluate(const OuterOp& op, const StepNode& node) const {
    const auto [rows, cols] = node.shape;
    const TensorValues& left = values_[op.left];
    const TensorValues& right = values_[op.right];
    TensorValues g(size(node.shape));
    for (std::size_t s = 0; s < samples_; ++s) {
      for (std::size_t r = 0; r < rows; ++r) {
        const double factor = left[s * rows + r];
        for (std::size_t c = 0; c < cols; ++c) g[r * cols + c] += factor * right[s * cols + c];
      }
    }
    return g;
  }

  TensorValues evaluate(const PolynomialOp& op, const StepNode&) const {
    TensorValues y = values_[op.from];
    for (double& v : y) {
      double sum = 0;
      for (std::size_t k = op.coefficients.size(); k-- > 0;) sum = sum * v + op.coefficients[k];
      v = sum;
    }
    return y;
  }

  TensorValues evaluate(const HadamardOp& op, const StepNode&) const {
    TensorValues y = values_[op.a];
    for (std::size_t i = 0; i < y.size(); ++i) y[i] *= values_[op.b][i];
    return y;
  }

  TensorValues evaluate(const WeightedSumOp& op, const StepNode& node) const {
    TensorValues y(size(node.shape));
    for (const WeightedTerm& term : op.terms) {
      const auto factor = static_cast<double>(term.factor);
      for (std::size_t i = 0; i < y.size(); ++i) y[i] += factor * values_[term.from][i];
    }
    return y;
  }

  TensorValues evaluate(const ScaleOp& op, const StepNode&) const {
    TensorValues y = values_[op.from];
    for (double& v : y) v *= op.factor;
    return y;
  }

  // The first units of each sample, and ones after them if there are too few.
  TensorValues resize(StepNodeId from, std::size_t units) const {
    const std::size_t before = step_.shape(from).rows;
    TensorValues y(units * samples_, 1.0);
    for (std::size_t s = 0; s < samples_; ++s) {
      std::copy_n(values_[from].begin() + static_cast<std::ptrdiff_t>(s * before),
                  std::min(before, units), y.begin() + static_cast<std::ptrdiff_t>(s * units));
    }
    return y;
  }
  TensorValues evaluate(const AppendOneOp& op, const StepNode& node) const {
    return resize(op.from, node.shape.rows);
  }
  TensorValues evaluate(const DropLastOp& op, const StepNode& node) const {
    return resize(op.from, node.shape.rows);
  }

  const StepGraph& step_;
  const Tensors& given_;
  std::size_t samples_;
  std::vector<TensorValues> values_;
};

}  // namespace

Tensors run_step(const StepGraph& step, const Tensors& given, std::size_t samples) {
  return StepRunner(step, given, samples).run();
}

}  // namespace serdab::training
