#include "networks/packing/matrix/axis_sum.h"

#include <bit>

namespace serdab::packing {

std::size_t Axis::sum_rotations() const {
  return std::size_t(std::bit_width(extent) - 1) * (cyclic ? 1 : 2);
}

std::vector<double> at_place(const Axis& axis, std::uint32_t place, std::uint32_t positions) {
  std::vector<double> mask(positions);
  for (std::uint32_t p = 0; p < positions; ++p) {
    if (p / axis.stride % axis.extent == place) mask[p] = 1;
  }
  return mask;
}

CircuitNodeId sum_over_axis(SlotCircuit& circuit, CircuitNodeId from, const Axis& axis) {
  if (axis.extent == 1) return from;
  const CircuitNodeId sum = circuit.rotate_sum(from, axis_shifts(axis.extent, axis.stride));
  if (axis.cyclic) return sum;
  const CircuitNodeId masked = circuit.mask(sum, at_place(axis, 0, circuit.positions));
  return circuit.rotate_sum(masked, axis_shifts(axis.extent, -std::int64_t{axis.stride}));
}

}  // namespace serdab::packing
