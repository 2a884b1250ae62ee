#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "networks/training/step_graph.h"

namespace serdab::training {

/// Where the tensors of a step stand in the network: data first, then the outputs of layer after
/// layer. Vectors of even depth take one axis of the slots, those of odd depth the other.
struct Axes {
  std::size_t layers = 0;
  std::vector<std::size_t> depth;           ///< by vector node: 0 the data, l + 1 layer l's outputs
  std::map<StepNodeId, std::size_t> layer;  ///< by matrix node, from 0
};

/// Throws base::Error(kUnsupported) for a step that is no chain of layers.
Axes assign_axes(const StepGraph& step);

}  // namespace serdab::training
