#include "networks/training/step_graph.h"

#include <cmath>

#include "engine/base/error.h"
#include "engine/base/overloaded.h"

namespace serdab::training {
namespace {

[[noreturn]] void fail(const std::string& what) {
  base::fail(base::ErrorCode::kInvalidArgument, "training step: " + what);
}

std::string text(const TensorShape& shape) {
  return shape.is_matrix()
             ? "a matrix of " + std::to_string(shape.rows) + " x " + std::to_string(shape.cols)
             : "a vector of " + std::to_string(shape.rows);
}

}  // namespace

StepNodeId StepGraph::push(StepOp op, TensorShape shape) {
  nodes.push_back({std::move(op), shape, label});
  return nodes.size() - 1;
}

StepNodeId StepGraph::vector(std::string name, std::size_t units) {
  if (units == 0) fail("'" + name + "' has no unit");
  return push(GivenOp{std::move(name)}, {units, 0});
}

StepNodeId StepGraph::matrix(std::string name, std::size_t rows, std::size_t cols) {
  if (rows == 0 || cols == 0) fail("'" + name + "' has no element");
  return push(GivenOp{std::move(name)}, {rows, cols});
}

StepNodeId StepGraph::matvec(StepNodeId matrix, StepNodeId vector) {
  const TensorShape& w = shape(matrix);
  if (!w.is_matrix() || shape(vector) != TensorShape{w.cols, 0}) {
    fail(text(w) + " does not multiply " + text(shape(vector)));
  }
  return push(MatVecOp{matrix, vector}, {w.rows, 0});
}

StepNodeId StepGraph::matvec_transposed(StepNodeId matrix, StepNodeId vector) {
  const TensorShape& w = shape(matrix);
  if (!w.is_matrix() || shape(vector) != TensorShape{w.rows, 0}) {
    fail(text(w) + ", transposed, does not multiply " + text(shape(vector)));
  }
  return push(MatVecTransposedOp{matrix, vector}, {w.cols, 0});
}

StepNodeId StepGraph::outer(StepNodeId left, StepNodeId right) {
  if (shape(left).is_matrix() || shape(right).is_matrix()) fail("an outer product is of vectors");
  return push(OuterOp{left, right}, {shape(left).rows, shape(right).rows});
}

StepNodeId StepGraph::polynomial(StepNodeId from, std::vector<double> coefficients) {
  if (coefficients.size() < 2 || coefficients.size() > 4) {
    fail("an activation has degree " + std::to_string(coefficients.size() - 1) +
         "; 1 to 3 are computed");
  }
  for (const double c : coefficients) {
    if (!std::isfinite(c)) fail("a coefficient of an activation is not finite");
  }
  if (coefficients.back() == 0) fail("the leading coefficient of an activation is 0");
  if (shape(from).is_matrix()) fail("a polynomial is of a vector");
  return push(PolynomialOp{from, std::move(coefficients)}, shape(from));
}

StepNodeId StepGraph::hadamard(StepNodeId a, StepNodeId b) {
  if (shape(a) != shape(b) || shape(a).is_matrix()) {
    fail(text(shape(a)) + " and " + text(shape(b)) + " are not multiplied element by element");
  }
  return push(HadamardOp{a, b}, shape(a));
}

StepNodeId StepGraph::weighted_sum(std::vector<WeightedTerm> terms) {
  if (terms.empty()) fail("a sum has no term");
  const TensorShape& first = shape(terms.front().from);
  for (const WeightedTerm& term : terms) {
    if (shape(term.from) != first) fail(text(first) + " is not added to " + text(shape(term.from)));
  }
  return push(WeightedSumOp{std::move(terms)}, first);
}

StepNodeId StepGraph::scale(StepNodeId from, double factor) {
  if (!(factor > 0) || !std::isfinite(factor)) fail("a tensor is scaled by what is not positive");
  return push(ScaleOp{from, factor}, shape(from));
}

StepNodeId StepGraph::append_one(StepNodeId from) {
  if (shape(from).is_matrix()) fail("a unit is appended to a vector");
  return push(AppendOneOp{from}, {shape(from).rows + 1, 0});
}

StepNodeId StepGraph::drop_last(StepNodeId from) {
  if (shape(from).is_matrix() || shape(from).rows < 2) fail("no unit is left to drop");
  return push(DropLastOp{from}, {shape(from).rows - 1, 0});
}

void StepGraph::output(std::string name, StepNodeId node) {
  if (node >= nodes.size()) fail("output '" + name + "' is no node");
  outputs.push_back({std::move(name), node});
}

std::vector<StepNodeId> operands(const StepOp& op) {
  using Ids = std::vector<StepNodeId>;
  return std::visit(base::Overloaded{
                        [](const GivenOp&) { return Ids{}; },
                        [](const MatVecOp& o) {
                          return Ids{o.matrix, o.vector};
                        },
                        [](const MatVecTransposedOp& o) {
                          return Ids{o.matrix, o.vector};
                        },
                        [](const OuterOp& o) {
                          return Ids{o.left, o.right};
                        },
                        [](const HadamardOp& o) {
                          return Ids{o.a, o.b};
                        },
                        [](const WeightedSumOp& o) {
                          Ids ids;
                          for (const WeightedTerm& term : o.terms) ids.push_back(term.from);
                          return ids;
                        },
                        [](const auto& o) { return Ids{o.from}; },
                    },
                    op);
}

}  // namespace serdab::training
