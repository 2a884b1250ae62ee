#include "networks/compiler/step/internal/heights.h"

#include <algorithm>

namespace serdab::compiler {

bool divides(const packing::CircuitOp& op) {
  return std::holds_alternative<packing::ProductsOp>(op) ||
         std::holds_alternative<packing::MaskOp>(op);
}

Heights measure_heights(const packing::SlotCircuit& circuit) {
  Heights result;
  result.height.resize(circuit.nodes.size());
  result.readers.resize(circuit.nodes.size());
  result.live.resize(circuit.nodes.size());
  for (const packing::CircuitOutput& output : circuit.outputs) {
    result.live[output.node] = true;
    ++result.readers[output.node];
  }
  for (std::size_t id = circuit.nodes.size(); id-- > 0;) {
    if (!result.live[id]) continue;
    const packing::CircuitOp& op = circuit.nodes[id].op;
    const unsigned below = result.height[id] + (divides(op) ? 1 : 0);
    result.depth = std::max(result.depth, below);
    for (const packing::CircuitNodeId operand : packing::operands(op)) {
      result.live[operand] = true;
      ++result.readers[operand];
      result.height[operand] = std::max(result.height[operand], below);
    }
  }
  return result;
}

}  // namespace serdab::compiler
