#include "networks/graph/executor/executor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "networks/graph/executor/internal/lanes.h"

namespace serdab::graph {

using executor::kLanes;
using executor::Lanes;

namespace {

constexpr Range kNothing{std::numeric_limits<double>::infinity(),
                         -std::numeric_limits<double>::infinity()};

/// For every node, the last node that reads it (the output is read after the end).
std::vector<NodeId> last_uses(const Graph& graph) {
  std::vector<NodeId> last(graph.size(), 0);
  for (NodeId id = 0; id < graph.size(); ++id) {
    for (NodeId input : graph.node(id).inputs) last[input] = id;
  }
  last[graph.output()] = graph.size();
  return last;
}

/// Gathers up to kLanes images; lanes beyond `count` repeat the first image.
Lanes load(std::span<const double> images, std::size_t features, std::size_t count) {
  Lanes lanes(features);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const double* image = images.data() + (lane < count ? lane : 0) * features;
    for (std::size_t i = 0; i < features; ++i) lanes[i][lane] = image[i];
  }
  return lanes;
}

Range range_of(const Lanes& lanes) {
  Range range = kNothing;
  for (const auto& lane : lanes) {
    for (double value : lane) {
      range.low = std::min(range.low, value);
      range.high = std::max(range.high, value);
    }
  }
  return range;
}

class ChunkRun {
 public:
  explicit ChunkRun(const Graph& graph, const std::vector<NodeId>& last)
      : graph_(graph), last_(last), values_(graph.size()) {}

  std::vector<Range> run(std::span<const double> images, std::size_t count, double* outputs) {
    std::vector<Range> ranges;
    values_[0] = load(images, element_count(graph_.input_shape()), count);
    ranges.push_back(range_of(values_[0]));
    for (NodeId id = 1; id < graph_.size(); ++id) {
      values_[id] = compute(graph_.node(id));
      ranges.push_back(range_of(values_[id]));
      release_inputs(id);
    }
    store(values_[graph_.output()], count, outputs);
    return ranges;
  }

 private:
  Lanes compute(const Node& node) const {
    std::vector<const Lanes*> inputs;
    std::vector<const Shape*> shapes;
    for (NodeId input : node.inputs) {
      inputs.push_back(&values_[input]);
      shapes.push_back(&graph_.node(input).shape);
    }
    return executor::evaluate(node.op, inputs, shapes, node.shape);
  }

  void release_inputs(NodeId id) {
    for (NodeId input : graph_.node(id).inputs) {
      if (last_[input] == id) values_[input] = Lanes();
    }
  }

  static void store(const Lanes& value, std::size_t count, double* outputs) {
    for (std::size_t lane = 0; lane < count; ++lane) {
      for (std::size_t i = 0; i < value.size(); ++i)
        outputs[lane * value.size() + i] = value[i][lane];
    }
  }

  const Graph& graph_;
  const std::vector<NodeId>& last_;
  std::vector<Lanes> values_;
};

}  // namespace

Execution execute(const Graph& graph, std::span<const double> images) {
  const std::size_t features = element_count(graph.input_shape());
  const std::size_t outputs = element_count(graph.output_shape());
  if (images.size() % features != 0) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "the network takes images of " + to_string(graph.input_shape()) + " values; " +
                   std::to_string(images.size()) + " values are no whole number of them");
  }
  const std::size_t count = images.size() / features;
  const std::size_t chunks = (count + kLanes - 1) / kLanes;
  const auto last = last_uses(graph);
  Execution result;
  result.outputs.resize(count * outputs);
  std::vector<std::vector<Range>> ranges(chunks);
  base::parallel_for(chunks, [&](std::size_t chunk) {
    const std::size_t first = chunk * kLanes;
    const std::size_t size = std::min(kLanes, count - first);
    ranges[chunk] = ChunkRun(graph, last)
                        .run(images.subspan(first * features, size * features), size,
                             result.outputs.data() + first * outputs);
  });
  result.ranges.assign(graph.size(), kNothing);
  for (const auto& chunk : ranges) {
    for (NodeId id = 0; id < graph.size(); ++id) {
      result.ranges[id].low = std::min(result.ranges[id].low, chunk[id].low);
      result.ranges[id].high = std::max(result.ranges[id].high, chunk[id].high);
    }
  }
  return result;
}

}  // namespace serdab::graph
