#pragma once

#include "networks/packing/matrix/axis_sum.h"
#include "networks/packing/slot_circuit.h"
#include "networks/packing/slot_layout.h"

namespace serdab::packing {

/// P3, alternating replicated packing (docs: math.md section 5), for small layers: position
/// sample·rows·cols + row·cols + col. A rows x cols matrix is one ciphertext, repeated for every
/// sample; a vector by columns (x) is repeated over the rows, a vector by rows (d, y) over the
/// columns. All repeated with period samples·rows·cols. Powers of two with samples·rows·cols <=
/// positions.
struct Replicated {
  std::uint32_t rows = 1, cols = 1;
  std::uint32_t samples = 1;
  std::uint32_t positions = 1;

  bool operator==(const Replicated&) const = default;

  /// Sums over it give vectors by rows: never cyclic unless there is but one row in all.
  Axis col_axis() const { return {cols, 1, samples == 1 && rows == 1}; }
  /// Cyclic with a single sample, which stands in the whole ciphertext.
  Axis row_axis() const { return {rows, cols, samples == 1}; }
  Axis sample_axis() const { return {samples, rows * cols, true}; }

  /// W·x by rows: 1 product, 2·log2(cols) rotations, 1 mask; depth 2.
  CircuitNodeId forward(SlotCircuit& circuit, CircuitNodeId matrix, CircuitNodeId x) const;
  /// Wᵀ·d by columns: 1 product; a single sample log2(rows) rotations, more twice that and a mask.
  CircuitNodeId backward(SlotCircuit& circuit, CircuitNodeId matrix, CircuitNodeId d) const;
  /// Σ over the samples of d·xᵀ: 1 product, log2(samples) rotations; depth 1.
  CircuitNodeId gradients(SlotCircuit& circuit, CircuitNodeId d, CircuitNodeId x) const;

  /// Element row·cols + col.
  SlotLayout matrix_layout() const;
  /// Element sample·cols + col.
  SlotLayout by_columns() const;
  /// Element sample·rows + row.
  SlotLayout by_rows() const;
};

/// Throws base::Error(kInvalidArgument) that says how many samples fit.
Replicated replicated(std::uint32_t rows, std::uint32_t cols, std::uint32_t samples,
                      std::uint32_t positions);

}  // namespace serdab::packing
