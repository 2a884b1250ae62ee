#pragma once

#include <cstddef>
#include <vector>

#include "networks/packing/slot_circuit.h"

namespace serdab::packing {

/// What a circuit takes, by its shape alone.
struct CircuitCounts {
  std::size_t full_rotations = 0;     ///< decomposed for themselves
  std::size_t hoisted_rotations = 0;  ///< that share the decomposition of a RotateOp's operand
  std::size_t products = 0;           ///< of two ciphertexts, squares too
  std::size_t relinearisations = 0;   ///< one for every sum of products (sums_of_products)
  std::size_t masks = 0;              ///< products with a public vector
  std::size_t depth = 0;              ///< products and masks in a row
  std::size_t ciphertexts = 0;        ///< given from outside

  std::size_t rotations() const { return full_rotations + hoisted_rotations; }
  bool operator==(const CircuitCounts&) const = default;
};

CircuitCounts count(const SlotCircuit& circuit);

/// Products and masks in a row before each node.
std::vector<std::size_t> depths(const SlotCircuit& circuit);

}  // namespace serdab::packing
