#include "networks/packing/matrix/swap_role.h"

#include <bit>
#include <string>

#include "engine/base/error.h"

namespace serdab::packing {
namespace {

void require_fits(bool fits, const std::string& what, std::size_t wanted, std::size_t most) {
  if (fits) return;
  base::fail(base::ErrorCode::kInvalidArgument, "swap role: " + std::to_string(wanted) + " " +
                                                    what + ", at most " + std::to_string(most) +
                                                    " fit");
}

/// 0, step, 2·step, …
std::vector<std::int32_t> steps(std::uint32_t count, std::int64_t step) {
  std::vector<std::int32_t> shifts;
  for (std::uint32_t k = 0; k < count; ++k) {
    shifts.push_back(static_cast<std::int32_t>(k * step));
  }
  return shifts;
}

}  // namespace

SwapRole swap_role(std::uint32_t n, std::uint32_t samples, std::uint32_t positions) {
  if (!std::has_single_bit(n) || !std::has_single_bit(samples) || !std::has_single_bit(positions)) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "swap role: dimension, samples and positions must be powers of two");
  }
  require_fits(n <= positions, "indices", n, positions);
  require_fits(samples <= positions / n, "samples", samples, positions / n);
  const int half = std::bit_width(n) / 2;  // of log2 n, rounded up: B >= G
  return {n, 1u << half, n >> half, samples, positions};
}

CircuitNodeId SwapRole::baby_steps(SlotCircuit& circuit, CircuitNodeId x) const {
  return circuit.rotate(x, steps(baby, samples));
}

CircuitNodeId SwapRole::giant_steps(SlotCircuit& circuit, CircuitNodeId d) const {
  return circuit.rotate(d, steps(giant, -std::int64_t{baby} * samples));
}

CircuitNodeId SwapRole::forward(SlotCircuit& circuit, CircuitNodeId matrix,
                                CircuitNodeId x_steps) const {
  std::vector<ProductTerm> terms;
  for (std::uint32_t k = 0; k < n; ++k) terms.push_back({k, k % baby, k / baby});
  const CircuitNodeId sums = circuit.products(matrix, x_steps, std::move(terms));
  return circuit.rotated_total(sums, steps(giant, std::int64_t{baby} * samples));
}

CircuitNodeId SwapRole::backward(SlotCircuit& circuit, CircuitNodeId matrix,
                                 CircuitNodeId d_steps) const {
  std::vector<ProductTerm> terms;
  for (std::uint32_t k = 0; k < n; ++k) terms.push_back({k, k / baby, k % baby});
  const CircuitNodeId sums = circuit.products(matrix, d_steps, std::move(terms));
  return circuit.rotated_total(sums, steps(baby, -std::int64_t{samples}));
}

CircuitNodeId SwapRole::gradients(SlotCircuit& circuit, CircuitNodeId d_steps,
                                  CircuitNodeId x_steps) const {
  std::vector<ProductTerm> terms;
  for (std::uint32_t k = 0; k < n; ++k) terms.push_back({k / baby, k % baby, k});
  return circuit.products(d_steps, x_steps, std::move(terms));
}

SlotLayout SwapRole::matrix_layout(std::size_t rows, std::size_t cols) const {
  require_fits(rows <= n, "rows", rows, n);
  require_fits(cols <= n, "columns", cols, n);
  SlotLayout layout{positions, n, {0}, {}};
  layout.rows.reserve(rows * cols * (positions / n));
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) {
      const auto k = static_cast<std::uint32_t>((c + n - r) % n);
      const auto index = static_cast<std::uint32_t>((r + k / baby * baby) % n);
      for (std::uint32_t i = index; i < positions / samples; i += n) {
        for (std::uint32_t s = 0; s < samples; ++s) {
          layout.rows.push_back(k * positions + i * samples + s);
        }
      }
      layout.first.push_back(static_cast<std::uint32_t>(layout.rows.size()));
    }
  }
  return layout;
}

SlotLayout SwapRole::vector_layout(std::size_t units, std::size_t count) const {
  require_fits(units <= n, "units", units, n);
  require_fits(count <= samples, "samples", count, samples);
  SlotLayout layout{positions, 1, {0}, {}};
  for (std::uint32_t s = 0; s < count; ++s) {
    for (std::uint32_t unit = 0; unit < units; ++unit) {
      for (std::uint32_t i = unit; i < positions / samples; i += n) {
        layout.rows.push_back(i * samples + s);
      }
      layout.first.push_back(static_cast<std::uint32_t>(layout.rows.size()));
    }
  }
  return layout;
}

std::vector<double> SwapRole::at_units(std::size_t units, std::size_t count, double value) const {
  std::vector<double> values(positions);
  for (std::size_t p = 0; p < positions; ++p) {
    if (p / samples % n < units && p % samples < count) values[p] = value;
  }
  return values;
}

}  // namespace serdab::packing
