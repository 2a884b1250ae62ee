#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "networks/graph/ops.h"

namespace serdab::graph {

/// Index of a node in its graph.
using NodeId = std::size_t;

struct Node {
  std::string name;
  Op op;
  std::vector<NodeId> inputs;
  Shape shape;  ///< of the node's one result, without the batch dimension
};

/// What the client applies to the decrypted outputs; dropped from the graph because it changes no
/// label.
enum class OutputActivation { kNone, kSoftmax, kLogSoftmax };

/// A network from one image to one vector of outputs: nodes in topological order, node 0 the Input.
/// A value type; const access may be shared between threads.
class Graph {
 public:
  /// Appends a node and infers its shape. The first must be an Input, and no other; inputs must be
  /// earlier nodes. Throws base::Error (kInvalidArgument) that says what does not fit.
  NodeId add(std::string name, Op op, std::vector<NodeId> inputs);

  /// The node whose value is the answer; the last one added unless set.
  void set_output(NodeId id) { output_ = id; }
  NodeId output() const { return output_; }

  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(NodeId id) const { return nodes_[id]; }
  std::size_t size() const { return nodes_.size(); }
  const Shape& input_shape() const { return nodes_.front().shape; }
  const Shape& output_shape() const { return nodes_[output_].shape; }

  std::string name;                             ///< as the file says, else empty
  std::map<std::string, std::string> metadata;  ///< ONNX metadata_props: name, classes, scaling, …
  std::vector<std::string> notes;               ///< what the import left out or recognised
  OutputActivation output_activation = OutputActivation::kNone;

 private:
  std::vector<Node> nodes_;
  NodeId output_ = 0;
};

/// A graph without nodes that copies name, metadata, notes and output activation.
Graph empty_like(const Graph& graph);

/// The graph without nodes that the output does not need (the Input stays).
Graph without_dead_nodes(const Graph& graph);

}  // namespace serdab::graph
