#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "networks/graph/graph.h"
#include "networks/graph/onnx/internal/proto.h"

namespace serdab::graph::onnx_import {

/// What an ONNX value name stands for: a node of the graph, or a constant known at import (full
/// ONNX shape, so with a batch dimension where the exporter gave it one).
using Value = std::variant<NodeId, Tensor>;

/// State of one import. Translators read their node's inputs and attributes here, add graph nodes
/// and return the value of the node's first output.
class Importer {
 public:
  Importer(Graph& graph, std::int64_t opset) : graph_(graph), opset_(opset) {}

  Graph& graph() { return graph_; }
  std::int64_t opset() const { return opset_; }
  /// The declared batch size, 1 where it is left open.
  std::size_t batch = 1;

  void begin(const onnx::NodeProto& node) { node_ = &node; }
  const onnx::NodeProto& node() const { return *node_; }
  void define(const std::string& name, Value value);
  const Value& lookup(const std::string& name) const;

  std::size_t input_count() const { return static_cast<std::size_t>(node_->input_size()); }
  bool has_input(std::size_t i) const;
  const Value& input(std::size_t i) const;
  /// Input i as a graph node or as a constant; throws where it is the other.
  NodeId variable(std::size_t i) const;
  const Tensor& constant(std::size_t i, const char* what) const;
  bool is_constant(std::size_t i) const { return std::holds_alternative<Tensor>(input(i)); }
  bool all_constant() const;
  const Shape& shape(NodeId id) const { return graph_.node(id).shape; }

  const onnx::AttributeProto* attribute(const char* name) const;
  std::int64_t int_attribute(const char* name, std::int64_t otherwise) const;
  double float_attribute(const char* name, double otherwise) const;
  std::string string_attribute(const char* name, const std::string& otherwise) const;
  std::optional<std::vector<std::int64_t>> ints_attribute(const char* name) const;
  /// Axes from input i where the operator set has them there, else from the attribute.
  std::optional<std::vector<std::int64_t>> axes(std::size_t i, const char* name) const;

  /// Adds a graph node that carries the ONNX node's name.
  NodeId add(Op op, std::vector<NodeId> inputs);
  NodeId add(const std::string& suffix, Op op, std::vector<NodeId> inputs);

 private:
  Graph& graph_;
  std::int64_t opset_;
  const onnx::NodeProto* node_ = nullptr;
  std::unordered_map<std::string, Value> values_;
  std::size_t constants_ = 0;  ///< elements of all constants so far
};

/// The name a node is reported under: its own, else that of its first output.
std::string display_name(const onnx::NodeProto& node);

/// A constant's values as integers; throws where one is not whole.
std::vector<std::int64_t> to_integers(const Tensor& tensor);

/// Axis of a value of ONNX rank `rank` (batch included), negative counted from the end; throws
/// outside.
std::size_t normal_axis(std::int64_t axis, std::size_t rank);

/// Distinct normalised axes, none of them the batch, renumbered without it; throws otherwise.
std::vector<std::size_t> image_axes(const std::vector<std::int64_t>& axes, std::size_t rank);

/// A constant seen beside a value of the given shape: a leading extent of 1 in the place of the
/// batch is taken off.
Tensor without_batch(const Tensor& tensor, const Shape& beside);

}  // namespace serdab::graph::onnx_import
