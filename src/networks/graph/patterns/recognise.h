#pragma once

#include "networks/graph/graph.h"

namespace serdab::graph {

/// Silu (x·Sigmoid(x)), Mish (x·Tanh(Softplus(x))) and Gelu (½x(1 + Erf(x/√2))) written out as
/// several nodes become one Activation each; a constant factor beside them stays as a ScaleShift.
Graph recognise_activations(const Graph& graph);

/// Chains of Sum, Multiply, Power and ScaleShift that make a polynomial of degree 2 to
/// kMaxPolynomialDegree of one value become one Polynomial node of that value.
Graph recognise_polynomials(const Graph& graph);
inline constexpr std::size_t kMaxPolynomialDegree = 31;

/// Both of the above, without the nodes that nothing needs any more.
Graph recognise_patterns(const Graph& graph);

}  // namespace serdab::graph
