#pragma once

#include "networks/compiler/arithmetic_network.h"
#include "networks/compiler/circuit/circuit.h"

namespace serdab::compiler {

/// Turns additions and multiplications into homomorphic operations for the batch layout.
///
/// A polynomial of degree 4 with leading coefficient a becomes a·((x² + b)² + c·x) + d of a shifted
/// x: two squarings, whatever its coefficients were; degree 2 becomes a·x² + d, degree 3 a·(x² +
/// b)·x + d. Shifts go into the bias before, leading coefficients and constants into the affine
/// after. A product is relinearised and rescaled before or after the next affine, whichever side
/// has fewer ciphertexts.
///
/// `input_elements` are the elements of the network's input that the circuit's node 0 holds. Throws
/// base::Error(kUnsupported) that names the layer for degrees above 4.
struct BuiltCircuit {
  Circuit circuit;
  std::vector<std::uint32_t> input_elements;
};
BuiltCircuit build_circuit(const ArithmeticNetwork& network);

}  // namespace serdab::compiler
