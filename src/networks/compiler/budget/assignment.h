#pragma once

#include <cstdint>
#include <vector>

#include "networks/compiler/circuit/circuit.h"
#include "networks/program/program.h"

namespace serdab::compiler {

/// What calibration saw of every node of a circuit.
struct NodeStatistics {
  std::vector<double> magnitude;                ///< largest, over images and positions
  std::vector<std::vector<double>> row_square;  ///< mean over images, by position; packed circuits
  std::vector<std::vector<double>> mean;        ///< over images, by element
  double largest_answer = 0;                    ///< magnitude of an answer
};

/// Just below 2^50: a prime of this wanted size is found on either side of the wish.
inline constexpr double kLargestPrimeBits = 49.95;

/// Where bits are spent: one wanted scale for the input, the weights of every affine and transform,
/// and every reduction. Indexed by node; entries of other nodes are unused. All are log2.
struct BitBudget {
  std::vector<double> log_scale;
  /// Bits above the calibrated answer that the last modulus keeps free.
  double guard_bits = 6;
  /// Bits that a reduction may leave undropped where that saves it a prime: every prime costs the
  /// same time, whatever its size.
  double spare_bits = 0;
  /// Primes are no larger: the special primes must exceed them where rotations are to be quiet.
  double largest_prime_bits = kLargestPrimeBits;
};

/// The sizes of primes that a budget asks for: the chain q_0 … q_L in log2, and how many of them
/// each reduction drops.
struct Chain {
  std::vector<double> log_primes;              ///< q_0 first
  std::vector<std::uint32_t> reduction_drops;  ///< by node; 0 for nodes that are no reductions
  std::vector<double> log_scale;  ///< by node, as it would be with primes of just these sizes
  double log_q() const;
};

/// The chain for a budget. Adjusts the budget where a
/// reduction would ask for a prime that does not exist (below `min_prime_bits`): the scale after it
/// shrinks no further. Throws base::Error(kUnsupported) when the circuit is deeper than 100 primes.
Chain plan_chain(const Circuit& circuit, const NodeStatistics& statistics, BitBudget& budget,
                 double min_prime_bits);

/// A program and where each node of its circuit ended up.
struct Emitted {
  program::Program program;
  std::vector<program::ValueId> value_of_node;
};

/// The program: integer weights, exact levels and scales for actual primes (of the chain's sizes).
/// What rounding the weights does to the mean of an affine's result goes into its bias.
Emitted emit(const Circuit& circuit, const NodeStatistics& statistics, const BitBudget& budget,
             const Chain& chain, const std::vector<std::uint64_t>& primes,
             const std::vector<std::uint64_t>& special_primes);

}  // namespace serdab::compiler
