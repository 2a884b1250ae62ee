#include "networks/compiler/passes/fold_batch_norm/fold_batch_norm.h"

#include <cmath>

#include "engine/base/error.h"

namespace serdab::compiler {
namespace {

using graph::BatchNorm;
using graph::Graph;
using graph::NodeId;
using graph::Tensor;

/// factor·x + offset, one of each per channel.
struct Line {
  std::vector<double> factor, offset;
};

Line line_of(const BatchNorm& norm) {
  Line line;
  for (std::size_t c = 0; c < norm.scale.size(); ++c) {
    line.factor.push_back(norm.scale[c] / std::sqrt(norm.variance[c] + norm.epsilon));
    line.offset.push_back(norm.bias[c] - norm.mean[c] * line.factor[c]);
  }
  return line;
}

/// Scales the rows of weights (their first axis) and the bias.
template <typename Linear>
Linear scaled(Linear linear, const Line& line) {
  const std::size_t row = linear.weights.values.size() / line.factor.size();
  for (std::size_t i = 0; i < linear.weights.values.size(); ++i) {
    linear.weights.values[i] *= line.factor[i / row];
  }
  if (linear.bias.empty()) linear.bias.assign(line.factor.size(), 0.0);
  for (std::size_t c = 0; c < linear.bias.size(); ++c) {
    linear.bias[c] = linear.bias[c] * line.factor[c] + line.offset[c];
  }
  return linear;
}

graph::ScaleShift per_channel(const Line& line, const graph::Shape& shape) {
  graph::Shape along(shape.size(), 1);
  along[0] = shape[0];
  return {Tensor{along, line.factor}, Tensor{along, line.offset}};
}

std::vector<std::size_t> reader_counts(const Graph& graph) {
  std::vector<std::size_t> counts(graph.size(), 0);
  for (const auto& node : graph.nodes()) {
    for (NodeId input : node.inputs) ++counts[input];
  }
  ++counts[graph.output()];
  return counts;
}

}  // namespace

Graph fold_batch_norm(const Graph& graph) {
  const auto readers = reader_counts(graph);
  Graph result = graph::empty_like(graph);
  std::vector<NodeId> moved(graph.size());
  for (NodeId id = 0; id < graph.size(); ++id) {
    const auto& node = graph.node(id);
    std::vector<NodeId> inputs;
    for (NodeId input : node.inputs) inputs.push_back(moved[input]);
    const auto* norm = std::get_if<BatchNorm>(&node.op);
    if (norm == nullptr) {
      moved[id] = result.add(node.name, node.op, std::move(inputs));
      continue;
    }
    const auto& before = graph.node(node.inputs[0]);
    const Line line = line_of(*norm);
    const bool alone = readers[node.inputs[0]] == 1;
    const auto* conv = std::get_if<graph::Conv>(&before.op);
    const auto* dense = std::get_if<graph::Dense>(&before.op);
    std::vector<NodeId> earlier;
    for (NodeId input : before.inputs) earlier.push_back(moved[input]);
    if (conv != nullptr && alone) {
      moved[id] = result.add(before.name, scaled(*conv, line), std::move(earlier));
    } else if (dense != nullptr && alone && before.shape.size() == 1) {
      moved[id] = result.add(before.name, scaled(*dense, line), std::move(earlier));
    } else {
      moved[id] = result.add(node.name, per_channel(line, node.shape), std::move(inputs));
    }
  }
  result.set_output(moved[graph.output()]);
  return graph::without_dead_nodes(result);
}

}  // namespace serdab::compiler
