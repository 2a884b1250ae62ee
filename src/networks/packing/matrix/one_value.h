#pragma once

#include "networks/packing/slot_circuit.h"
#include "networks/packing/slot_layout.h"

namespace serdab::packing {

/// The other baseline: one number a ciphertext. A rows x cols matrix is rows·cols ciphertexts, each
/// constant; a vector is one ciphertext a unit, sample s at position s, repeated with period
/// `samples` (a power of two). rows·cols products for each of forward, backward and gradients, all
/// of depth 1, and no rotation; only the sum over the samples rotates.
struct OneValue {
  std::uint32_t rows = 1, cols = 1;
  std::uint32_t samples = 1;
  std::uint32_t positions = 1;

  bool operator==(const OneValue&) const = default;

  /// W·x: rows relinearisations.
  CircuitNodeId forward(SlotCircuit& circuit, CircuitNodeId matrix, CircuitNodeId x) const;
  /// Wᵀ·d: cols relinearisations.
  CircuitNodeId backward(SlotCircuit& circuit, CircuitNodeId matrix, CircuitNodeId d) const;
  /// Σ over the samples of d·xᵀ: rows·cols relinearisations and rows·cols·log2(samples) rotations.
  CircuitNodeId gradients(SlotCircuit& circuit, CircuitNodeId d, CircuitNodeId x) const;

  /// Element r·cols + c.
  SlotLayout matrix_layout() const;
  /// Element sample·units + unit of `count` <= samples samples.
  SlotLayout vector_layout(std::uint32_t units, std::uint32_t count) const;
};

}  // namespace serdab::packing
