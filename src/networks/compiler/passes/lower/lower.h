#pragma once

#include "networks/compiler/arithmetic_network.h"
#include "networks/graph/graph.h"

namespace serdab::compiler {

/// Writes a graph as an ArithmeticNetwork: one Affine for every linear operation, one Polynomial
/// for every polynomial; Reshape costs nothing. Activations must have been approximated before.
/// Throws base::Error (kUnsupported) that names the node for an activation or a product of two
/// different values.
ArithmeticNetwork lower(const graph::Graph& graph);

}  // namespace serdab::compiler
