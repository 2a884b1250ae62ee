#include "networks/graph/onnx/export.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

#include "engine/base/error.h"
#include "networks/graph/onnx/internal/writer.h"

namespace serdab::graph {
namespace onnx_export {
namespace {

constexpr int kIrVersion = 8, kOpset = 17;

std::string wanted_name(const Node& node) {
  return node.name.empty() ? std::string(op_name(node.op)) : node.name;
}

/// Returns the name of the graph's answer.
std::string write_nodes(Writer& writer, const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes()) {
    names.push_back(writer.unique(wanted_name(node)));
    if (std::holds_alternative<Input>(node.op)) continue;
    std::vector<std::string> inputs;
    for (NodeId id : node.inputs) inputs.push_back(names[id]);
    try {
      write_node(writer, graph, node, names.back(), inputs);
    } catch (const base::Error& error) {
      base::fail(error.code(),
                 fmt::format("node '{}' ({}): {}", names.back(), op_name(node.op), error.what()));
    }
  }
  std::string answer = names[graph.output()];
  if (graph.output() == 0) answer = writer.chain(answer, {}, writer.unique("output"));
  if (graph.output_activation == OutputActivation::kNone) return answer;
  const bool log = graph.output_activation == OutputActivation::kLogSoftmax;
  return writer.chain(answer, {{log ? "LogSoftmax" : "Softmax", ""}},
                      writer.unique("probabilities"));
}

onnx::ModelProto to_model(const Graph& graph, ElementType type) {
  base::require(graph.size() > 0, base::ErrorCode::kInvalidArgument, "the graph has no nodes");
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name("serdab");
  auto& opset = *model.add_opset_import();
  opset.set_domain("");
  opset.set_version(kOpset);
  for (const auto& [key, value] : graph.metadata) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  onnx::GraphProto& proto = *model.mutable_graph();
  proto.set_name(graph.name.empty() ? "network" : graph.name);
  Writer writer(proto, type);
  const std::string answer = write_nodes(writer, graph);
  writer.describe(*proto.add_input(), wanted_name(graph.node(0)), graph.input_shape());
  writer.describe(*proto.add_output(), answer, graph.output_shape());
  return model;
}

void write_bytes(const std::string& bytes, const std::filesystem::path& file) {
  std::filesystem::path temporary = file;
  temporary += fmt::format(".part{}", getpid());
  std::ofstream stream(temporary, std::ios::binary);
  stream << bytes;
  stream.close();
  std::error_code status;
  if (stream) std::filesystem::rename(temporary, file, status);
  if (stream && !status) return;
  std::error_code ignored;
  std::filesystem::remove(temporary, ignored);
  base::fail(base::ErrorCode::kIo, fmt::format("{}: cannot be written", file.string()));
}

}  // namespace
}  // namespace onnx_export

std::string export_onnx_bytes(const Graph& graph, ElementType type) {
  return onnx_export::to_model(graph, type).SerializeAsString();
}

void export_onnx(const Graph& graph, const std::filesystem::path& file, ElementType type) {
  onnx_export::write_bytes(export_onnx_bytes(graph, type), file);
}

}  // namespace serdab::graph
