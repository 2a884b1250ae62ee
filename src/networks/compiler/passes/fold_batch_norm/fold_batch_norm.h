#pragma once

#include "networks/graph/graph.h"

namespace serdab::compiler {

/// Leaves no BatchNorm: one that alone reads a Conv, or a Dense on a vector, goes into its weights
/// and bias; any other becomes a ScaleShift per channel.
graph::Graph fold_batch_norm(const graph::Graph& graph);

}  // namespace serdab::compiler
