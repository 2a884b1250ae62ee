#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "networks/packing/matrix/axis_sum.h"
#include "networks/packing/slot_circuit.h"
#include "networks/packing/slot_layout.h"

namespace serdab::packing {

/// P2, swap-role baby steps and giant steps (docs: math.md section 5): an encrypted n x n matrix W
/// as n ciphertexts that serve W·x, Wᵀ·d and the update by d·xᵀ alike, so that W is never
/// transposed.
///
/// Index i of sample s stands at position i·samples + s, repeated over the ciphertext, so that
/// rotations by multiples of `samples` are cyclic in i. Element g·baby + b of the matrix is
/// W[i − g·baby, i + b] at index i (indices mod n), alike for all samples: the diagonal
/// k = g·baby + b rotated by −g·baby. Matrices with fewer rows or columns are padded with zeros.
///
/// The three together take 2(baby + giant − 2) rotations. Every product is depth 1.
struct SwapRole {
  std::uint32_t n = 1;        ///< padded dimension; a power of two
  std::uint32_t baby = 1;     ///< B
  std::uint32_t giant = 1;    ///< G; B·G = n
  std::uint32_t samples = 1;  ///< S, in the inner positions; a power of two
  std::uint32_t positions = 1;

  bool operator==(const SwapRole&) const = default;

  /// rot_b x, b < baby: baby − 1 hoisted rotations. What forward and gradients read of x.
  CircuitNodeId baby_steps(SlotCircuit& circuit, CircuitNodeId x) const;
  /// rot_{−g·baby} d, g < giant: giant − 1 hoisted rotations. What backward and gradients read of
  /// d.
  CircuitNodeId giant_steps(SlotCircuit& circuit, CircuitNodeId d) const;
  /// W·x from baby_steps(x): n products, giant relinearisations, giant − 1 full rotations.
  CircuitNodeId forward(SlotCircuit& circuit, CircuitNodeId matrix, CircuitNodeId x_steps) const;
  /// Wᵀ·d from giant_steps(d): n products, baby relinearisations, baby − 1 full rotations.
  CircuitNodeId backward(SlotCircuit& circuit, CircuitNodeId matrix, CircuitNodeId d_steps) const;
  /// d·xᵀ of each sample, standing as the matrix does but different in every sample: n products and
  /// relinearisations, no rotation. sum_over_samples adds them up.
  CircuitNodeId gradients(SlotCircuit& circuit, CircuitNodeId d_steps, CircuitNodeId x_steps) const;

  /// What sum_over_samples sums over; cyclic if there is but one index.
  Axis sample_axis() const { return {samples, 1, n == 1}; }

  /// A rows x cols matrix in n ciphertexts; element r·cols + c, repeated for every sample. Rows of
  /// the layout that hold none must be 0.
  SlotLayout matrix_layout(std::size_t rows, std::size_t cols) const;
  /// Vectors of `count` <= samples samples in one ciphertext; element sample·units + unit.
  SlotLayout vector_layout(std::size_t units, std::size_t count) const;
  /// `value` where units below `units` of samples below `count` stand, 0 elsewhere.
  std::vector<double> at_units(std::size_t units, std::size_t count, double value) const;
};

/// Splits n with the least B + G. Throws base::Error(kInvalidArgument) unless n, samples and
/// positions are powers of two with n·samples <= positions.
SwapRole swap_role(std::uint32_t n, std::uint32_t samples, std::uint32_t positions);

}  // namespace serdab::packing
