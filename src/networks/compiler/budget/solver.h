#pragma once

#include "networks/compiler/budget/assignment.h"
#include "networks/program/reference.h"

namespace serdab::compiler {

/// What the answer's error owes to each place where something is rounded, to first order, measured
/// on calibration data. By node; root mean square over answers and images.
struct Sensitivity {
  /// Answer error per unit of independent noise on every row of the node's value.
  std::vector<double> value;
  /// Answer error per unit rounding step of the node's weights: affines' weights rounded to 1/w add
  /// weight/w; of a transform, per unit of independent noise on every position of every diagonal.
  std::vector<double> weight;
};

/// The circuit so finely scaled that only double precision rounds: what others are measured
/// against.
Emitted emit_ideal(const Circuit& circuit);

NodeStatistics measure_nodes(const Circuit& circuit, const program::Bundle& calibration);

/// Whether the weights are 0, 1 and -1 and stay so at any scale of what they are applied to: then
/// they need no bits.
bool is_plain_sum(const CircuitAffine& op);

/// By one run forward and a few backward, of derivatives of random combinations of the answers:
/// the time of a few runs and the memory of all values of some images, 1 GiB at most.
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
