#include "networks/compiler/passes/lower/lower.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/error.h"
#include "networks/compiler/passes/lower/internal/linear_maps.h"

namespace serdab::compiler {
namespace {

using base::ErrorCode;
using packing::SparseMatrix;

class Lowering {
 public:
  explicit Lowering(const graph::Graph& graph) : graph_(graph), value_of_(graph.size()) {
    network_.name = graph.name;
    network_.metadata = graph.metadata;
    network_.output_activation = graph.output_activation;
    network_.input_shape = graph.input_shape();
  }

  ArithmeticNetwork run() {
    for (graph::NodeId id = 1; id < graph_.size(); ++id) {
      node_ = &graph_.node(id);
      try {
        value_of_[id] = std::visit([&](const auto& op) { return lower_op(op); }, node_->op);
      } catch (const base::Error& error) {
        base::fail(error.code(), fmt::format("node '{}' ({}): {}", node_->name,
                                             graph::op_name(node_->op), error.what()));
      }
    }
    end_with(value_of_[graph_.output()]);
    return std::move(network_);
  }

 private:
  ValueId input(std::size_t i) const { return value_of_[node_->inputs[i]]; }
  const graph::Shape& shape(std::size_t i) const { return graph_.node(node_->inputs[i]).shape; }
  std::vector<double> no_bias() const {
    return std::vector<double>(graph::element_count(node_->shape), 0.0);
  }

  ValueId append(std::variant<Affine, Polynomial> op) {
    network_.steps.push_back({std::move(op), node_->shape, {node_->name}});
    return network_.output();
  }

  ValueId append(SparseMatrix map, std::vector<double> bias) {
    Affine affine;
    affine.terms.push_back({input(0), std::move(map)});
    affine.bias = std::move(bias);
    return append(std::move(affine));
  }

  /// Σ maps[i]·inputs[i]; maps of the same value are added.
  ValueId append(std::vector<SparseMatrix> maps) {
    Affine affine;
    affine.bias = no_bias();
    for (std::size_t i = 0; i < maps.size(); ++i) {
      const auto same = std::find_if(affine.terms.begin(), affine.terms.end(),
                                     [&](const auto& term) { return term.from == input(i); });
      if (same == affine.terms.end()) {
        affine.terms.push_back({input(i), std::move(maps[i])});
      } else {
        same->map = packing::sum(same->map, maps[i]);
      }
    }
    return append(std::move(affine));
  }

  ValueId lower_op(const graph::Input&) { return 0; }
  ValueId lower_op(const graph::Conv& op) {
    return append(conv_map(op, shape(0), node_->shape), conv_bias(op, node_->shape));
  }
  ValueId lower_op(const graph::BatchNorm& op) {
    auto [factor, offset] = batch_norm_line(op, node_->shape);
    return append(packing::diagonal(factor), std::move(offset));
  }
  ValueId lower_op(const graph::Dense& op) {
    return append(dense_map(op, shape(0)), dense_bias(op, node_->shape));
  }
  ValueId lower_op(const graph::ScaleShift& op) {
    return append(packing::diagonal(graph::broadcast(op.factor, node_->shape)),
                  graph::broadcast(op.offset, node_->shape));
  }
  ValueId lower_op(const graph::Sum& op) {
    return append({broadcast_map(shape(0), node_->shape, op.signs[0]),
                   broadcast_map(shape(1), node_->shape, op.signs[1])});
  }
  ValueId lower_op(const graph::Multiply&) {
    base::fail(ErrorCode::kUnsupported,
               "multiplies two values that are not powers of one value (a gate or an attention); "
               "train the network without it");
  }
  ValueId lower_op(const graph::Power& op) {
    std::vector<double> coefficients(op.exponent + 1, 0.0);
    coefficients.back() = 1.0;
    return lower_polynomial({std::move(coefficients)}, {});
  }
  ValueId lower_op(const graph::Polynomial& op) {
    return lower_polynomial(op.sets, op.set_of_element);
  }
  ValueId lower_op(const graph::Activation&) {
    base::fail(ErrorCode::kUnsupported, "no polynomial was chosen for this activation");
  }
  ValueId lower_op(const graph::AveragePool& op) {
    return append(pool_map(op, shape(0), node_->shape), no_bias());
  }
  ValueId lower_op(const graph::Mean& op) { return append(mean_map(op, shape(0)), no_bias()); }
  ValueId lower_op(const graph::Reshape&) { return input(0); }
  ValueId lower_op(const graph::Transpose& op) {
    return append(packing::selection(graph::transpose_index(shape(0), op.perm),
                                     graph::element_count(shape(0))),
                  no_bias());
  }
  ValueId lower_op(const graph::Pad& op) {
    return append(pad_map(op, shape(0), node_->shape), pad_bias(op, shape(0), node_->shape));
  }
  ValueId lower_op(const graph::Concat& op) {
    std::vector<SparseMatrix> maps;
    std::size_t offset = 0;
    for (std::size_t i = 0; i < node_->inputs.size(); ++i) {
      maps.push_back(concat_map(op, shape(i), offset, node_->shape));
      offset += shape(i)[op.axis];
    }
    return append(std::move(maps));
  }

  /// Leading zeros are cut off; what is left of degree 1 or 0 everywhere is an Affine.
  ValueId lower_polynomial(std::vector<std::vector<double>> sets,
                           const std::vector<std::uint32_t>& set_of_element) {
    for (auto& set : sets) {
      while (set.size() > 1 && set.back() == 0.0) set.pop_back();
    }
    Polynomial polynomial{input(0), std::move(sets), set_of_element};
    if (polynomial.degree() >= 2) return append(std::move(polynomial));
    std::vector<double> factor(graph::element_count(node_->shape)), offset(factor.size());
    for (std::size_t e = 0; e < factor.size(); ++e) {
      const auto& c = polynomial.coefficients(e);
      offset[e] = c.empty() ? 0.0 : c[0];
      factor[e] = c.size() > 1 ? c[1] : 0.0;
    }
    return append(packing::diagonal(factor), std::move(offset));
  }

  /// Makes `value` the output: steps after it are of no use; an output that is the input, or
  /// reshaped afterwards, keeps its place.
  void end_with(ValueId value) {
    network_.steps.resize(value);
    if (value > 0) network_.steps.back().shape = graph_.output_shape();
  }

  const graph::Graph& graph_;
  const graph::Node* node_ = nullptr;
  std::vector<ValueId> value_of_;
  ArithmeticNetwork network_;
};

}  // namespace

ArithmeticNetwork lower(const graph::Graph& graph) {
  ArithmeticNetwork network = Lowering(graph).run();
  verify(network);
  return network;
}

}  // namespace serdab::compiler
