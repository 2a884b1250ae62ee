#include "networks/packing/matrix/one_value.h"

#include "engine/base/error.h"
#include "networks/packing/matrix/axis_sum.h"

namespace serdab::packing {

CircuitNodeId OneValue::forward(SlotCircuit& circuit, CircuitNodeId matrix, CircuitNodeId x) const {
  std::vector<ProductTerm> terms;
  for (std::uint32_t k = 0; k < rows * cols; ++k) terms.push_back({k, k % cols, k / cols});
  return circuit.products(matrix, x, std::move(terms));
}

CircuitNodeId OneValue::backward(SlotCircuit& circuit, CircuitNodeId matrix,
                                 CircuitNodeId d) const {
  std::vector<ProductTerm> terms;
  for (std::uint32_t k = 0; k < rows * cols; ++k) terms.push_back({k, k / cols, k % cols});
  return circuit.products(matrix, d, std::move(terms));
}

CircuitNodeId OneValue::gradients(SlotCircuit& circuit, CircuitNodeId d, CircuitNodeId x) const {
  std::vector<ProductTerm> terms;
  for (std::uint32_t k = 0; k < rows * cols; ++k) terms.push_back({k / cols, k % cols, k});
  return sum_over_axis(circuit, circuit.products(d, x, std::move(terms)), {samples, 1, true});
}

SlotLayout OneValue::matrix_layout() const {
  SlotLayout layout{positions, rows * cols, {0}, {}};
  for (std::uint32_t row = 0; row < rows * cols * positions; ++row) {
    layout.rows.push_back(row);
    if ((row + 1) % positions == 0) layout.first.push_back(row + 1);
  }
  return layout;
}

SlotLayout OneValue::vector_layout(std::uint32_t units, std::uint32_t count) const {
  base::require(count <= samples, base::ErrorCode::kInvalidArgument,
                "one value a ciphertext: more samples than were planned for");
  SlotLayout layout{positions, units, {0}, {}};
  for (std::uint32_t s = 0; s < count; ++s) {
    for (std::uint32_t unit = 0; unit < units; ++unit) {
      for (std::uint32_t p = s; p < positions; p += samples) {
        layout.rows.push_back(unit * positions + p);
      }
      layout.first.push_back(static_cast<std::uint32_t>(layout.rows.size()));
    }
  }
  return layout;
}

}  // namespace serdab::packing
