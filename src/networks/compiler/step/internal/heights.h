#pragma once

#include <cstdint>
#include <vector>

#include "networks/packing/slot_circuit.h"

namespace serdab::compiler {

/// What a circuit's graph says about levels.
struct Heights {
  /// Products and masks in a row after a node, on the way to an output: its level above the lowest.
  std::vector<unsigned> height;
  std::vector<std::uint32_t> readers;  ///< of a node, outputs included
  std::vector<bool> live;              ///< needed by an output
  unsigned depth = 0;                  ///< the largest height
};

Heights measure_heights(const packing::SlotCircuit& circuit);

/// Whether a node divides by a prime: a product or a mask.
bool divides(const packing::CircuitOp& op);

}  // namespace serdab::compiler
