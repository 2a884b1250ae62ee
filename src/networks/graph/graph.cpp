#include "networks/graph/graph.h"

#include "engine/base/error.h"
#include "networks/graph/shape_inference.h"

namespace serdab::graph {

using base::ErrorCode;

NodeId Graph::add(std::string node_name, Op op, std::vector<NodeId> inputs) {
  const bool is_input = std::holds_alternative<Input>(op);
  base::require(is_input == nodes_.empty(), ErrorCode::kInvalidArgument,
                "a graph has one Input, its first node");
  std::vector<Shape> shapes;
  for (NodeId id : inputs) {
    base::require(id < nodes_.size(), ErrorCode::kInvalidArgument,
                  "a node may only use earlier nodes");
    shapes.push_back(nodes_[id].shape);
  }
  Shape shape = infer_shape(op, shapes);
  nodes_.push_back({std::move(node_name), std::move(op), std::move(inputs), std::move(shape)});
  output_ = nodes_.size() - 1;
  return output_;
}

Graph empty_like(const Graph& graph) {
  Graph result;
  result.name = graph.name;
  result.metadata = graph.metadata;
  result.notes = graph.notes;
  result.output_activation = graph.output_activation;
  return result;
}

Graph without_dead_nodes(const Graph& graph) {
  std::vector<bool> needed(graph.size(), false);
  needed[0] = needed[graph.output()] = true;
  for (NodeId id = graph.size(); id-- > 0;) {
    if (!needed[id]) continue;
    for (NodeId input : graph.node(id).inputs) needed[input] = true;
  }
  Graph result = empty_like(graph);
  std::vector<NodeId> moved(graph.size());
  for (NodeId id = 0; id < graph.size(); ++id) {
    if (!needed[id]) continue;
    const Node& node = graph.node(id);
    std::vector<NodeId> inputs;
    for (NodeId input : node.inputs) inputs.push_back(moved[input]);
    moved[id] = result.add(node.name, node.op, std::move(inputs));
  }
  result.set_output(moved[graph.output()]);
  return result;
}

}  // namespace serdab::graph
