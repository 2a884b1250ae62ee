#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "networks/graph/graph.h"
#include "networks/graph/onnx/export.h"
#include "networks/graph/onnx/internal/proto.h"

namespace serdab::graph::onnx_export {

/// One node of a chain: the value so far goes in first, `operand` second unless it is empty.
struct Step {
  std::string op_type;
  std::string operand;
};

/// Fills an ONNX graph node by node. Every value is named for the node it comes from, uniquely.
class Writer {
 public:
  Writer(onnx::GraphProto& graph, ElementType type) : graph_(graph), type_(type) {}

  /// `wanted`, or with a number behind it if that is taken; then taken too.
  std::string unique(const std::string& wanted);

  /// An initializer; returns its name.
  std::string constant(const std::string& wanted, const Tensor& tensor);

  /// A node with one output, both of the given name; returns it to add attributes.
  onnx::NodeProto& node(std::string_view op_type, const std::string& name,
                        const std::vector<std::string>& inputs);

  /// One node after another, the last called `name` and the others for it; an Identity if there are
  /// none. Returns `name`.
  std::string chain(const std::string& x, const std::vector<Step>& steps, const std::string& name);

  /// The graph's input or output: (batch, shape…).
  void describe(onnx::ValueInfoProto& info, const std::string& name, const Shape& shape) const;

 private:
  onnx::GraphProto& graph_;
  ElementType type_;
  std::set<std::string> taken_;
};

/// Writes a node that is no Input; its result is called `name`, its operands `inputs`. Throws
/// base::Error without the node's name.
void write_node(Writer& writer, const Graph& graph, const Node& node, const std::string& name,
                const std::vector<std::string>& inputs);

}  // namespace serdab::graph::onnx_export
