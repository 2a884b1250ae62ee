#pragma once

#include "networks/compiler/circuit/build.h"
#include "networks/compiler/layout/layout_search.h"

namespace serdab::compiler {

/// Turns additions and multiplications into homomorphic operations on slots, by a layout plan: an
/// affine becomes transforms, rotations that add its partial sums, a rescale and constants. Shapes
/// of polynomials as in build_circuit; the coefficients of a degree above 2 must be the same for
/// all elements. `input_elements` has an entry for every position of node 0, kNoColumn where it
/// holds nothing. Throws base::Error(kUnsupported) that names the layer.
BuiltCircuit build_packed_circuit(const ArithmeticNetwork& network, const LayoutPlan& layouts,
                                  double baby_cost, double giant_cost);

}  // namespace serdab::compiler
