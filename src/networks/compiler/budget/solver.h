#pragma once

#include "networks/compiler/budget/assignment.h"
#include "networks/program/reference.h"

namespace serdab::compiler {

/// What the answer's error owes to each place where something is rounded, measured on calibration
/// data. By node; root mean square over answers and images.
struct Sensitivity {
  /// Answer error per unit of independent noise on the node's value (input and reductions).
  std::vector<double> value;
  /// Answer error per unit rounding step of the node's weights: affines' weights rounded to 1/w add
  /// weight/w; of a transform, per unit of independent noise on every position of every diagonal.
  std::vector<double> weight;
  /// Largest magnitude of the answer.
  double largest_answer = 0;
};

/// The circuit so finely scaled that only double precision rounds: what others are measured
/// against.
Emitted emit_ideal(const Circuit& circuit);

NodeStatistics measure_nodes(const Circuit& circuit, const program::Bundle& calibration);

Sensitivity measure_sensitivity(const Circuit& circuit, const NodeStatistics& statistics,
                                const program::Bundle& calibration, std::uint64_t seed = 1);

/// Noise of the ring alone: standard deviations in units of 1/scale.
struct RingNoise {
  double fresh = 0;     ///< of a query
  double rounding = 0;  ///< of a rescale
  double encoding = 0;  ///< of an encoded vector
};

/// Scales that reach an answer error of `target` (root mean square) with the fewest bits of Q: with
/// error shares (a_i/x_i)² and m_i bits of Q for each bit of x_i, Lagrange's condition gives each
/// place a share in proportion to m_i.
BitBudget solve_budget(const Circuit& circuit, const NodeStatistics& statistics,
                       const Sensitivity& sensitivity, const RingNoise& noise, double target,
                       double guard_bits);

}  // namespace serdab::compiler
