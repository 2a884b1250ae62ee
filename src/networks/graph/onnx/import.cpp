#include "networks/graph/onnx/import.h"

#include <fmt/format.h>

#include <fstream>
#include <limits>
#include <set>

#include "engine/base/error.h"
#include "networks/graph/onnx/internal/importer.h"
#include "networks/graph/onnx/internal/read_tensor.h"
#include "networks/graph/onnx/internal/translators.h"
#include "networks/graph/patterns/recognise.h"

namespace serdab::graph {

using base::ErrorCode;

namespace onnx_import {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30;
constexpr int kMaxNodes = 100'000;
constexpr std::int64_t kOldestOpset = 9, kNewestOpset = 18;

std::int64_t read_opset(const onnx::ModelProto& model) {
  for (const auto& opset : model.opset_import()) {
    if (!opset.domain().empty() && opset.domain() != "ai.onnx") continue;
    if (opset.version() < kOldestOpset || opset.version() > kNewestOpset) {
      base::fail(ErrorCode::kUnsupported,
                 fmt::format("operator set {}; serdab reads {} to {}, export the model for one of "
                             "them",
                             opset.version(), kOldestOpset, kNewestOpset));
    }
    return opset.version();
  }
  base::fail(ErrorCode::kCorrupt, "opset_import names no version of the ONNX operators");
}

std::size_t read_extent(const onnx::TensorShapeProto::Dimension& dim, const std::string& input,
                        int axis) {
  if (!dim.has_dim_value() || dim.dim_value() < 1) {
    base::fail(ErrorCode::kUnsupported,
               fmt::format("input '{}': dimension {} has no fixed extent; export the model with a "
                           "fixed image size",
                           input, axis));
  }
  return static_cast<std::size_t>(dim.dim_value());
}

/// Adds the Input node. The first dimension is the batch.
void import_input(const onnx::ValueInfoProto& input, Importer& importer) {
  const auto& type = input.type().tensor_type();
  if (!input.type().has_tensor_type() || !type.has_shape() || type.shape().dim_size() < 2) {
    base::fail(ErrorCode::kUnsupported,
               fmt::format("input '{}' must be a tensor of shape (batch, …)", input.name()));
  }
  if (type.elem_type() != onnx::TensorProto::FLOAT &&
      type.elem_type() != onnx::TensorProto::DOUBLE &&
      type.elem_type() != onnx::TensorProto::FLOAT16) {
    base::fail(ErrorCode::kUnsupported,
               fmt::format("input '{}' holds integers; images must be floating-point numbers",
                           input.name()));
  }
  const auto& dims = type.shape().dim();
  if (dims[0].has_dim_value() && dims[0].dim_value() > 0) {
    importer.batch = read_extent(dims[0], input.name(), 0);
  }
  Input op;
  for (int axis = 1; axis < dims.size(); ++axis) {
    op.shape.push_back(read_extent(dims[axis], input.name(), axis));
  }
  importer.define(input.name(), importer.graph().add(input.name(), op, {}));
}

void import_initializers(const onnx::GraphProto& graph, Importer& importer) {
  if (graph.sparse_initializer_size() > 0) {
    base::fail(ErrorCode::kUnsupported, "sparse_initializer; save the weights as dense tensors");
  }
  for (const auto& proto : graph.initializer()) {
    importer.define(proto.name(), read_tensor(proto));
  }
}

const onnx::ValueInfoProto& only_input(const onnx::GraphProto& graph) {
  std::set<std::string> constants;
  for (const auto& proto : graph.initializer()) constants.insert(proto.name());
  const onnx::ValueInfoProto* found = nullptr;
  for (const auto& input : graph.input()) {
    if (constants.count(input.name()) > 0) continue;
    if (found != nullptr) {
      base::fail(ErrorCode::kUnsupported,
                 fmt::format("has several inputs ('{}' and '{}'); one image "
                             "input is supported",
                             found->name(), input.name()));
    }
    found = &input;
  }
  if (found == nullptr) base::fail(ErrorCode::kCorrupt, "the graph has no input");
  return *found;
}

/// True if nothing but Identity stands between the value and the graph's output.
bool reaches_output(const onnx::GraphProto& graph, std::string value) {
  const std::string& output = graph.output(0).name();
  for (const auto& node : graph.node()) {
    for (const std::string& input : node.input()) {
      if (input != value) continue;
      if (node.op_type() != "Identity" || node.output_size() != 1) return false;
      value = node.output(0);
      break;
    }
  }
  return value == output;
}

Value drop_softmax(Importer& importer, const onnx::GraphProto& graph) {
  const onnx::NodeProto& node = importer.node();
  const NodeId x = importer.variable(0);
  const std::size_t rank = importer.shape(x).size() + 1;
  const std::int64_t otherwise = importer.opset() >= 13 ? -1 : 1;
  const std::size_t axis = normal_axis(importer.int_attribute("axis", otherwise), rank);
  const bool over_classes = axis + 1 == rank || (importer.opset() < 13 && axis == 1);
  if (!reaches_output(graph, node.output(0)) || !over_classes) {
    base::fail(
        ErrorCode::kUnsupported,
        "stands inside the network; it divides by a sum of exponentials, and only as the last "
        "layer can it be left to the client");
  }
  importer.graph().output_activation =
      node.op_type() == "Softmax" ? OutputActivation::kSoftmax : OutputActivation::kLogSoftmax;
  importer.graph().notes.push_back(fmt::format("{} '{}' is left to the client: it changes no label",
                                               node.op_type(), display_name(node)));
  return x;
}

Value translate(Importer& importer, const onnx::GraphProto& graph) {
  const std::string& type = importer.node().op_type();
  const std::string& domain = importer.node().domain();
  if (!domain.empty() && domain != "ai.onnx") {
    base::fail(ErrorCode::kUnsupported,
               fmt::format("belongs to the operator domain '{}'; only standard operators are read",
                           domain));
  }
  Value folded;
  if (fold_constants(importer, folded)) return folded;
  if (type == "Softmax" || type == "LogSoftmax") return drop_softmax(importer, graph);
  const Translator translator = find_translator(type);
  if (translator == nullptr) {
    base::fail(ErrorCode::kUnsupported, "is not supported: " + replacement_hint(type));
  }
  return translator(importer);
}

void import_node(const onnx::NodeProto& node, Importer& importer, const onnx::GraphProto& graph) {
  try {
    if (node.output_size() == 0) base::fail(ErrorCode::kCorrupt, "has no output");
    importer.begin(node);
    importer.define(node.output(0), translate(importer, graph));
  } catch (const base::Error& error) {
    base::fail(error.code(),
               fmt::format("node '{}' ({}): {}", display_name(node), node.op_type(), error.what()));
  }
}

void import_output(const onnx::GraphProto& proto, Importer& importer) {
  if (proto.output_size() != 1) {
    base::fail(ErrorCode::kUnsupported,
               fmt::format("has {} outputs; export the model with its logits as the only output",
                           proto.output_size()));
  }
  const Value& value = importer.lookup(proto.output(0).name());
  const auto* id = std::get_if<NodeId>(&value);
  if (id == nullptr) base::fail(ErrorCode::kUnsupported, "the output does not depend on the image");
  importer.graph().set_output(*id);
}

Graph import_model(const onnx::ModelProto& model) {
  if (!model.has_graph()) base::fail(ErrorCode::kCorrupt, "holds no graph");
  const onnx::GraphProto& proto = model.graph();
  if (proto.node_size() > kMaxNodes) {
    base::fail(ErrorCode::kLimit,
               fmt::format("has {} nodes; at most {} are read", proto.node_size(), kMaxNodes));
  }
  Graph graph;
  graph.name = proto.name();
  for (const auto& entry : model.metadata_props()) graph.metadata[entry.key()] = entry.value();
  Importer importer(graph, read_opset(model));
  import_input(only_input(proto), importer);
  import_initializers(proto, importer);
  for (const auto& node : proto.node()) import_node(node, importer, proto);
  import_output(proto, importer);
  return recognise_patterns(without_dead_nodes(graph));
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  const auto size = stream ? static_cast<std::streamoff>(stream.tellg()) : -1;
  if (size < 0 || std::filesystem::is_directory(file)) {
    base::fail(ErrorCode::kIo, file.string() + ": cannot be read");
  }
  if (static_cast<std::size_t>(size) > kMaxFileBytes) {
    base::fail(ErrorCode::kLimit, fmt::format("{}: {} bytes; a model may have at most {}",
                                              file.string(), size, kMaxFileBytes));
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  stream.seekg(0);
  if (!stream.read(bytes.data(), size)) {
    base::fail(ErrorCode::kIo, file.string() + ": cannot be read");
  }
  return bytes;
}

}  // namespace
}  // namespace onnx_import

Graph import_onnx_bytes(std::string_view bytes, const std::string& name) {
  try {
    if (bytes.size() > onnx_import::kMaxFileBytes) {
      base::fail(ErrorCode::kLimit, "is larger than a model may be");
    }
    onnx::ModelProto model;
    if (bytes.empty() || !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      base::fail(ErrorCode::kCorrupt, "is not an ONNX model, or is cut short");
    }
    return onnx_import::import_model(model);
  } catch (const base::Error& error) {
    base::fail(error.code(), name + ": " + error.what());
  }
}

Graph import_onnx(const std::filesystem::path& file) {
  return import_onnx_bytes(onnx_import::read_file(file), file.string());
}

}  // namespace serdab::graph
