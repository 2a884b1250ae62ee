#include "networks/training/differentiate.h"

#include <algorithm>

#include "engine/base/error.h"

namespace serdab::training {
namespace {

// Adjoints of nodes, from the output backwards.
class Backward {
 public:
  Backward(StepGraph& step, const std::set<StepNodeId>& parameters)
      : step_(step), parameters_(parameters), needed_(step.nodes.size()) {
    for (StepNodeId id = 0; id < needed_.size(); ++id) {
      const auto from = operands(step_.nodes[id].op);
      needed_[id] = parameters_.contains(id) ||
                    std::any_of(from.begin(), from.end(), [&](auto f) { return needed_[f]; });
    }
  }

  std::map<StepNodeId, StepNodeId> run(StepNodeId output, StepNodeId delta) {
    adjoint_[output] = delta;
    for (StepNodeId id = output + 1; id-- > 0;) {
      const auto at = adjoint_.find(id);
      if (at == adjoint_.end()) continue;
      const StepOp op = step_.nodes[id].op;  // the graph grows
      step_.label = step_.nodes[id].label;
      const std::size_t space = step_.label.rfind(' ');
      step_.label = step_.label.substr(0, space) + " backward";
      std::visit([&](const auto& o) { visit(o, at->second); }, op);
    }
    std::map<StepNodeId, StepNodeId> gradients;
    for (const StepNodeId id : parameters_) {
      if (adjoint_.contains(id)) gradients[id] = adjoint_[id];
    }
    return gradients;
  }

 private:
  bool needed(StepNodeId id) const { return needed_[id]; }
  void add(StepNodeId id, StepNodeId adjoint) {
    const auto [at, fresh] = adjoint_.try_emplace(id, adjoint);
    if (!fresh) at->second = step_.weighted_sum({{at->second, 1}, {adjoint, 1}});
  }

  void visit(const GivenOp&, StepNodeId) {}
  void visit(const MatVecOp& op, StepNodeId d) {
    if (needed(op.vector)) add(op.vector, step_.matvec_transposed(op.matrix, d));
    if (needed(op.matrix)) add(op.matrix, step_.outer(d, op.vector));
  }
  void visit(const PolynomialOp& op, StepNodeId d) {
    const std::vector<double> slope = derivative(op.coefficients);
    if (slope.size() == 1) {
      base::fail(base::ErrorCode::kUnsupported,
                 "training: an activation of degree 1 is no activation");
    }
    add(op.from, step_.hadamard(d, step_.polynomial(op.from, slope)));
  }
  void visit(const HadamardOp& op, StepNodeId d) {
    if (needed(op.a)) add(op.a, step_.hadamard(d, op.b));
    if (needed(op.b)) add(op.b, step_.hadamard(d, op.a));
  }
  void visit(const WeightedSumOp& op, StepNodeId d) {
    for (const WeightedTerm& term : op.terms) {
      if (needed(term.from)) {
        add(term.from, term.factor == 1 ? d : step_.weighted_sum({{d, term.factor}}));
      }
    }
  }
  void visit(const ScaleOp& op, StepNodeId d) { add(op.from, step_.scale(d, op.factor)); }
  void visit(const AppendOneOp& op, StepNodeId d) { add(op.from, step_.drop_last(d)); }
  template <typename Op>
  void visit(const Op&, StepNodeId) {
    base::fail(base::ErrorCode::kUnsupported,
               "training: a node of the forward pass has no derivative");
  }

  StepGraph& step_;
  const std::set<StepNodeId>& parameters_;
  std::vector<bool> needed_;
  std::map<StepNodeId, StepNodeId> adjoint_;
};

}  // namespace

std::map<StepNodeId, StepNodeId> differentiate(StepGraph& step, StepNodeId output, StepNodeId delta,
                                               const std::set<StepNodeId>& parameters) {
  return Backward(step, parameters).run(output, delta);
}

std::vector<double> derivative(const std::vector<double>& coefficients) {
  std::vector<double> slope;
  for (std::size_t k = 1; k < coefficients.size(); ++k) {
    slope.push_back(static_cast<double>(k) * coefficients[k]);
  }
  return slope;
}

}  // namespace serdab::training
