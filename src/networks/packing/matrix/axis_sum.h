#pragma once

#include <cstddef>
#include <cstdint>

#include "networks/packing/slot_circuit.h"

namespace serdab::packing {

/// An index of `extent` places, `stride` positions apart: position p has index p / stride mod
/// extent. Extent and stride are powers of two.
struct Axis {
  std::uint32_t extent = 1;
  std::uint32_t stride = 1;
  /// The axis goes round: extent·stride is the whole ciphertext, or its contents repeat with that
  /// period. Otherwise a rotation brings in what stands beside it.
  bool cyclic = false;

  bool operator==(const Axis&) const = default;
  /// Of sum_over_axis, for each ciphertext.
  std::size_t sum_rotations() const;
};

/// 1 where the index along the axis is `place`, 0 elsewhere.
std::vector<double> at_place(const Axis& axis, std::uint32_t place, std::uint32_t positions);

/// Every place of the axis gets the sum over all its places, in each ciphertext of a bundle. A
/// cyclic axis takes log2(extent) rotations; any other twice that and one mask of depth 1
/// (rotate-sum, mask place 0, rotate-sum back), and may have anything beside it.
CircuitNodeId sum_over_axis(SlotCircuit& circuit, CircuitNodeId from, const Axis& axis);

}  // namespace serdab::packing
