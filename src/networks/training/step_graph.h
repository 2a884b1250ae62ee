#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

/// One training step as a graph of tensors: forward pass, backward pass and update. What it means
/// is run_step_graph.h; how it becomes an encrypted program is lower/ and compile_step.
namespace serdab::training {

using StepNodeId = std::size_t;

/// A vector of `rows` units for each sample (cols 0), or a matrix shared by all samples.
struct TensorShape {
  std::size_t rows = 0;
  std::size_t cols = 0;
  bool is_matrix() const { return cols != 0; }
  bool operator==(const TensorShape&) const = default;
};

/// Fed from outside: data of every sample, or state.
struct GivenOp {
  std::string name;
};
/// W·x of every sample.
struct MatVecOp {
  StepNodeId matrix = 0, vector = 0;
};
/// Wᵀ·d of every sample.
struct MatVecTransposedOp {
  StepNodeId matrix = 0, vector = 0;
};
/// Σ over the samples of left·rightᵀ.
struct OuterOp {
  StepNodeId left = 0, right = 0;
};
/// Σ_k c[k]·x^k, elementwise on a vector; degree 1 to 3.
struct PolynomialOp {
  StepNodeId from = 0;
  std::vector<double> coefficients;
};
/// Elementwise, of two vectors.
struct HadamardOp {
  StepNodeId a = 0, b = 0;
};
struct WeightedTerm {
  StepNodeId from = 0;
  std::int64_t factor = 1;
};
/// Σ factor·tensor by integers.
struct WeightedSumOp {
  std::vector<WeightedTerm> terms;
};
/// Times a positive real.
struct ScaleOp {
  StepNodeId from = 0;
  double factor = 1;
};
/// A vector and, after its last unit, a unit that is 1: what a bias is a weight of.
struct AppendOneOp {
  StepNodeId from = 0;
};
/// A vector without its last unit.
struct DropLastOp {
  StepNodeId from = 0;
};

using StepOp = std::variant<GivenOp, MatVecOp, MatVecTransposedOp, OuterOp, PolynomialOp,
                            HadamardOp, WeightedSumOp, ScaleOp, AppendOneOp, DropLastOp>;

struct StepNode {
  StepOp op;
  TensorShape shape;
  std::string label;  ///< stage: "layer 1 forward", "update"
};

struct StepOutput {
  std::string name;
  StepNodeId node = 0;
};

/// Nodes in order of definition; outputs that bear the name of a given tensor are its next state. A
/// value type. Builders infer shapes and throw base::Error(kInvalidArgument) that says what does
/// not fit.
struct StepGraph {
  std::vector<StepNode> nodes;
  std::vector<StepOutput> outputs;
  std::string label;  ///< given to the nodes added from now on

  StepNodeId vector(std::string name, std::size_t units);
  StepNodeId matrix(std::string name, std::size_t rows, std::size_t cols);
  StepNodeId matvec(StepNodeId matrix, StepNodeId vector);
  StepNodeId matvec_transposed(StepNodeId matrix, StepNodeId vector);
  StepNodeId outer(StepNodeId left, StepNodeId right);
  StepNodeId polynomial(StepNodeId from, std::vector<double> coefficients);
  StepNodeId hadamard(StepNodeId a, StepNodeId b);
  StepNodeId weighted_sum(std::vector<WeightedTerm> terms);
  StepNodeId scale(StepNodeId from, double factor);
  StepNodeId append_one(StepNodeId from);
  StepNodeId drop_last(StepNodeId from);
  void output(std::string name, StepNodeId node);

  const TensorShape& shape(StepNodeId id) const { return nodes[id].shape; }

 private:
  StepNodeId push(StepOp op, TensorShape shape);
};

/// The nodes that a node reads.
std::vector<StepNodeId> operands(const StepOp& op);

/// A tensor's values: row-major for a matrix, sample·units + unit for a vector of every sample.
using TensorValues = std::vector<double>;
using Tensors = std::map<std::string, TensorValues>;

/// What a step means, in double precision. `samples` vectors of each given vector. Throws
/// base::Error(kInvalidArgument), naming the tensor that is missing or has another size.
Tensors run_step(const StepGraph& step, const Tensors& given, std::size_t samples);

}  // namespace serdab::training
