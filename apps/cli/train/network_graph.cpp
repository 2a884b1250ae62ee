#include "train/network_graph.h"

#include <nlohmann/json.hpp>

namespace serdab::cli::train {
namespace {

// From outputs x (inputs + 1), the bias in the last column.
graph::Dense dense_layer(const training::TensorValues& weights, std::size_t inputs,
                         std::size_t outputs) {
  graph::Dense dense;
  dense.weights.shape = {outputs, inputs};
  for (std::size_t o = 0; o < outputs; ++o) {
    const auto row = weights.begin() + static_cast<std::ptrdiff_t>(o * (inputs + 1));
    dense.weights.values.insert(dense.weights.values.end(), row,
                                row + static_cast<std::ptrdiff_t>(inputs));
    dense.bias.push_back(row[static_cast<std::ptrdiff_t>(inputs)]);
  }
  return dense;
}

}  // namespace

graph::Graph network_graph(const TaskFile& task, const training::Tensors& weights) {
  const training::Perceptron& network = task.task.network;
  graph::Graph graph;
  graph.name = task.task.name;
  graph::NodeId x = graph.add("input", graph::Input{{network.widths.front()}}, {});
  const double limit = task.scaling.limit;
  x = graph.add("unscale",
                graph::ScaleShift{graph::Tensor::scalar(2 * limit), graph::Tensor::scalar(-limit)},
                {x});
  for (std::size_t l = 0; l < network.layers(); ++l) {
    const std::string number = std::to_string(l + 1);
    x = graph.add("layer" + number,
                  dense_layer(weights.at("w" + number), network.widths[l], network.widths[l + 1]),
                  {x});
    if (l + 1 == network.layers()) break;
    x = graph.add("activation" + number, graph::Polynomial{{network.activations[l]}, {}}, {x});
  }
  graph.set_output(x);
  nlohmann::json columns = nlohmann::json::array();
  for (const auto& column : task.scaling.columns) columns.push_back(column.name);
  graph.metadata = {{"name", task.task.name},
                    {"classes", nlohmann::json(task.classes).dump()},
                    {"columns", columns.dump()},
                    {"scaling", scaling_json(task.scaling)}};
  return graph;
}

}  // namespace serdab::cli::train
