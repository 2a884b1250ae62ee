#include "networks/compiler/passes/approximate_activations/approximate_activations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"

namespace serdab::compiler {
namespace {

using base::ErrorCode;
using graph::Activation;
using graph::Graph;
using graph::NodeId;
using graph::Range;

bool is_activation(const graph::Node& node) { return std::holds_alternative<Activation>(node.op); }

/// The graph with one node's operation replaced; numbers stay as they are.
Graph with_op(const Graph& graph, NodeId changed, const graph::Op& op) {
  Graph result = graph::empty_like(graph);
  for (NodeId id = 0; id < graph.size(); ++id) {
    const auto& node = graph.node(id);
    result.add(node.name, id == changed ? op : node.op, node.inputs);
  }
  result.set_output(graph.output());
  return result;
}

void check_options(const Graph& graph, const ApproximationOptions& options) {
  if (!(options.margin >= 1.0 && options.margin <= 100.0)) {
    base::fail(ErrorCode::kInvalidArgument,
               fmt::format("the margin of calibration is {}; it must be 1 to 100", options.margin));
  }
  for (const auto& layer : options.layers) {
    const std::string& name = layer.first;
    const bool known =
        std::any_of(graph.nodes().begin(), graph.nodes().end(),
                    [&](const auto& node) { return is_activation(node) && node.name == name; });
    if (!known) {
      base::fail(ErrorCode::kInvalidArgument,
                 fmt::format("a polynomial is asked for at '{}', which is no activation", name));
    }
  }
}

/// [−m·r, m·r] from what the calibration images reach at the activation's input.
Range calibrated(const Graph& graph, NodeId id, std::span<const double> images, double margin) {
  const auto& node = graph.node(id);
  if (images.empty()) {
    base::fail(ErrorCode::kInvalidArgument,
               fmt::format("activation '{}' ({}): no interval is given, and there are no images to "
                           "calibrate it with",
                           node.name, graph::op_name(node.op)));
  }
  const Range seen = graph::execute(graph, images).ranges[node.inputs[0]];
  const double r = std::max({std::abs(seen.low), std::abs(seen.high), 1e-3}) * margin;
  if (!(r <= 1e6)) {
    base::fail(
        ErrorCode::kInvalidArgument,
        fmt::format("activation '{}' ({}): calibration reaches {:g}; earlier polynomials leave "
                    "their interval there",
                    node.name, graph::op_name(node.op), r));
  }
  return {-r, r};
}

}  // namespace

ApproximatedGraph approximate_activations(const Graph& graph, std::span<const double> calibration,
                                          const ApproximationOptions& options) {
  check_options(graph, options);
  ApproximatedGraph result{graph, {}};
  for (NodeId id = 0; id < graph.size(); ++id) {
    const auto& node = graph.node(id);
    if (!is_activation(node)) continue;
    const auto asked = options.layers.find(node.name);
    const LayerChoice choice = asked == options.layers.end() ? LayerChoice{} : asked->second;
    const unsigned degree = choice.degree.value_or(options.degree);
    const Range interval = choice.interval
                               ? *choice.interval
                               : calibrated(result.graph, id, calibration, options.margin);
    const Activation activation = std::get<Activation>(node.op);
    const FitMethod method = choice.method.value_or(options.method);
    const Fit fit = fit_polynomial([&](double x) { return graph::activation_value(activation, x); },
                                   degree, interval, method);
    result.graph = with_op(result.graph, id, graph::Polynomial{{fit.coefficients}, {}});
    result.approximations.push_back(
        {node.name, std::string(graph::op_name(node.op)), degree, method, interval, fit.max_error});
  }
  return result;
}

}  // namespace serdab::compiler
