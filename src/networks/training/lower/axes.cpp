#include <optional>
#include <string>

#include "engine/base/error.h"
#include "networks/training/lower/internal/axes.h"

namespace serdab::training {
namespace {

// Spreads what is known from node to node until nothing changes. A vector's number is its depth, a
// matrix's its layer.
class Assignment {
 public:
  explicit Assignment(const StepGraph& step) : step_(step), number_(step.nodes.size()) {}

  Axes run() {
    for (const StepNode& node : step_.nodes) {
      if (const auto* product = std::get_if<MatVecOp>(&node.op)) {
        if (!number_[product->matrix]) set(product->matrix, layers_++);
      }
    }
    do {
      changed_ = false;
      for (StepNodeId id = 0; id < step_.nodes.size(); ++id) {
        std::visit([&](const auto& op) { relate(id, op); }, step_.nodes[id].op);
      }
    } while (changed_);
    return axes();
  }

 private:
  void set(StepNodeId id, std::size_t number) {
    if (number_[id] == number) return;
    if (number_[id]) fail(id);
    number_[id] = number;
    changed_ = true;
  }
  // b's number is a's and `more`.
  void tie(StepNodeId a, StepNodeId b, std::size_t more = 0) {
    if (number_[a]) set(b, *number_[a] + more);
    if (number_[b] && *number_[b] >= more) set(a, *number_[b] - more);
  }
  [[noreturn]] void fail(StepNodeId id) const {
    base::fail(base::ErrorCode::kUnsupported, "training: the step is no chain of layers at node " +
                                                  std::to_string(id) + " (" +
                                                  step_.nodes[id].label + ")");
  }

  void relate(StepNodeId, const GivenOp&) {}
  void relate(StepNodeId id, const MatVecOp& op) {
    tie(op.matrix, op.vector);
    tie(op.matrix, id, 1);
  }
  void relate(StepNodeId id, const MatVecTransposedOp& op) {
    tie(op.matrix, op.vector, 1);
    tie(op.matrix, id);
  }
  void relate(StepNodeId id, const OuterOp& op) {
    tie(id, op.left, 1);
    tie(id, op.right);
  }
  template <typename Op>
  void relate(StepNodeId id, const Op& op) {
    for (const StepNodeId operand : operands(op)) tie(operand, id);
  }

  Axes axes() const {
    Axes axes;
    axes.layers = layers_;
    axes.depth.resize(number_.size());
    for (StepNodeId id = 0; id < number_.size(); ++id) {
      if (!number_[id]) fail(id);
      if (step_.shape(id).is_matrix()) {
        axes.layer[id] = *number_[id];
      } else {
        axes.depth[id] = *number_[id];
      }
    }
    return axes;
  }

  const StepGraph& step_;
  std::vector<std::optional<std::size_t>> number_;
  std::size_t layers_ = 0;
  bool changed_ = false;
};

}  // namespace

Axes assign_axes(const StepGraph& step) { return Assignment(step).run(); }

}  // namespace serdab::training
