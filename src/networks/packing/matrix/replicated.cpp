#include "networks/packing/matrix/replicated.h"

#include <bit>
#include <functional>
#include <string>

#include "engine/base/error.h"

namespace serdab::packing {
namespace {

/// Layout in which `element_at(position)` of `elements` stands at each position.
SlotLayout layout_by(std::uint32_t positions, std::size_t elements,
                     const std::function<std::size_t(std::uint32_t)>& element_at) {
  SlotLayout layout{positions, 1, {}, std::vector<std::uint32_t>(positions)};
  layout.first.assign(elements + 1, 0);
  for (std::uint32_t p = 0; p < positions; ++p) ++layout.first[element_at(p) + 1];
  for (std::size_t e = 0; e < elements; ++e) layout.first[e + 1] += layout.first[e];
  std::vector<std::uint32_t> next = layout.first;
  for (std::uint32_t p = 0; p < positions; ++p) layout.rows[next[element_at(p)]++] = p;
  return layout;
}

}  // namespace

Replicated replicated(std::uint32_t rows, std::uint32_t cols, std::uint32_t samples,
                      std::uint32_t positions) {
  for (const std::uint32_t extent : {rows, cols, samples, positions}) {
    base::require(std::has_single_bit(extent), base::ErrorCode::kInvalidArgument,
                  "replicated packing: rows, columns, samples and positions must be powers of two");
  }
  const std::uint64_t most = positions / (std::uint64_t{rows} * cols);
  if (samples > most) {
    base::fail(base::ErrorCode::kInvalidArgument, "replicated packing: " + std::to_string(samples) +
                                                      " samples of " + std::to_string(rows) +
                                                      " x " + std::to_string(cols) + ", at most " +
                                                      std::to_string(most) + " fit");
  }
  return {rows, cols, samples, positions};
}

CircuitNodeId Replicated::forward(SlotCircuit& circuit, CircuitNodeId matrix,
                                  CircuitNodeId x) const {
  return sum_over_axis(circuit, circuit.multiply(matrix, x), col_axis());
}

CircuitNodeId Replicated::backward(SlotCircuit& circuit, CircuitNodeId matrix,
                                   CircuitNodeId d) const {
  return sum_over_axis(circuit, circuit.multiply(matrix, d), row_axis());
}

CircuitNodeId Replicated::gradients(SlotCircuit& circuit, CircuitNodeId d, CircuitNodeId x) const {
  return sum_over_axis(circuit, circuit.multiply(d, x), sample_axis());
}

SlotLayout Replicated::matrix_layout() const {
  return layout_by(positions, std::size_t{rows} * cols,
                   [&](std::uint32_t p) { return p % (rows * cols); });
}

SlotLayout Replicated::by_columns() const {
  return layout_by(positions, std::size_t{samples} * cols, [&](std::uint32_t p) {
    return std::size_t{p / (rows * cols) % samples} * cols + p % cols;
  });
}

SlotLayout Replicated::by_rows() const {
  return layout_by(positions, std::size_t{samples} * rows, [&](std::uint32_t p) {
    return std::size_t{p / (rows * cols) % samples} * rows + p / cols % rows;
  });
}

}  // namespace serdab::packing
