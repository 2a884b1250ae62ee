#include "networks/packing/matrix/transposed_diagonals.h"

namespace serdab::packing {

SwapRole plain_diagonals(std::uint32_t n, std::uint32_t samples, std::uint32_t positions) {
  SwapRole diagonals = swap_role(n, samples, positions);
  diagonals.baby = n;
  diagonals.giant = 1;
  return diagonals;
}

std::vector<CircuitNodeId> transposed(SlotCircuit& circuit, const SwapRole& diagonals,
                                      CircuitNodeId matrix) {
  std::vector<CircuitNodeId> result{circuit.select(matrix, {0})};
  for (std::uint32_t k = 1; k < diagonals.n; ++k) {
    const CircuitNodeId diagonal = circuit.select(matrix, {diagonals.n - k});
    const auto shift = static_cast<std::int32_t>(k * diagonals.samples);
    result.push_back(circuit.rotate(diagonal, {shift}));
  }
  return result;
}

CircuitNodeId transposed_backward(SlotCircuit& circuit, const SwapRole& diagonals,
                                  const std::vector<CircuitNodeId>& transposed, CircuitNodeId d) {
  const CircuitNodeId d_steps = diagonals.baby_steps(circuit, d);
  std::vector<CombineTerm> terms;
  for (std::uint32_t k = 0; k < diagonals.n; ++k) {
    terms.push_back({circuit.products(transposed[k], d_steps, {{0, k, 0}})});
  }
  return circuit.combine(std::move(terms));
}

}  // namespace serdab::packing
