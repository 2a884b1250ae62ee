#include <array>
#include <cmath>
#include <optional>

#include "networks/graph/patterns/recognise.h"

namespace serdab::graph {
namespace {

/// A product that is factor·kind(x).
struct Match {
  ActivationKind kind;
  NodeId x;
  double factor;
};

struct Scaled {
  NodeId x;
  double factor, offset;
};

/// A node seen as factor·x + offset with scalar constants, through a few ScaleShifts; itself where
/// it is none.
Scaled strip_scale(const Graph& graph, NodeId id) {
  constexpr int kMostSteps = 8;
  Scaled seen{id, 1.0, 0.0};
  for (int step = 0; step < kMostSteps; ++step) {
    const Node& node = graph.node(seen.x);
    const auto* scale = std::get_if<ScaleShift>(&node.op);
    if (scale == nullptr || !scale->factor.is_scalar() || !scale->offset.is_scalar()) break;
    seen.offset += seen.factor * scale->offset.values[0];
    seen.factor *= scale->factor.values[0];
    seen.x = node.inputs[0];
  }
  return seen;
}

bool is_activation(const Graph& graph, NodeId id, ActivationKind kind) {
  const auto* activation = std::get_if<Activation>(&graph.node(id).op);
  return activation != nullptr && activation->kind == kind;
}

NodeId argument(const Graph& graph, NodeId id) { return graph.node(id).inputs[0]; }

std::optional<Match> match_silu(const Graph& graph, NodeId a, NodeId b) {
  if (!is_activation(graph, b, ActivationKind::kSigmoid) || argument(graph, b) != a) return {};
  return Match{ActivationKind::kSilu, a, 1.0};
}

std::optional<Match> match_mish(const Graph& graph, NodeId a, NodeId b) {
  if (!is_activation(graph, b, ActivationKind::kTanh)) return {};
  const NodeId inner = argument(graph, b);
  if (!is_activation(graph, inner, ActivationKind::kSoftplus)) return {};
  if (argument(graph, inner) != a) return {};
  return Match{ActivationKind::kMish, a, 1.0};
}

/// (α·x)·(β·Erf(x/√2) + β) = 2αβ·Gelu(x), whichever node the factor ½ was written on.
std::optional<Match> match_gelu(const Graph& graph, NodeId a, NodeId b) {
  const Scaled left = strip_scale(graph, a), right = strip_scale(graph, b);
  if (left.offset != 0.0 || std::abs(right.factor - right.offset) > 1e-6) return {};
  if (!is_activation(graph, right.x, ActivationKind::kErf)) return {};
  const Scaled inner = strip_scale(graph, argument(graph, right.x));
  if (inner.x != left.x || inner.offset != 0.0) return {};
  if (std::abs(inner.factor - std::sqrt(0.5)) > 1e-6) return {};
  return Match{ActivationKind::kGelu, left.x, 2.0 * left.factor * right.factor};
}

std::optional<Match> match(const Graph& graph, NodeId a, NodeId b) {
  for (const auto& attempt : {match_silu, match_mish, match_gelu}) {
    if (const auto found = attempt(graph, a, b)) return found;
    if (const auto found = attempt(graph, b, a)) return found;
  }
  return {};
}

}  // namespace

Graph recognise_activations(const Graph& graph) {
  Graph result = empty_like(graph);
  std::vector<NodeId> moved(graph.size());
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    std::vector<NodeId> inputs;
    for (NodeId input : node.inputs) inputs.push_back(moved[input]);
    const auto found = std::holds_alternative<Multiply>(node.op)
                           ? match(graph, node.inputs[0], node.inputs[1])
                           : std::nullopt;
    if (!found) {
      moved[id] = result.add(node.name, node.op, std::move(inputs));
      continue;
    }
    moved[id] = result.add(node.name, Activation{found->kind, 0.0}, {moved[found->x]});
    if (std::abs(found->factor - 1.0) > 1e-12) {
      const ScaleShift scale{Tensor::scalar(found->factor), Tensor::scalar(0.0)};
      moved[id] = result.add(node.name + "/factor", scale, {moved[id]});
    }
  }
  result.set_output(moved[graph.output()]);
  return result;
}

}  // namespace serdab::graph
