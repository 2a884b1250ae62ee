#pragma once

#include <functional>
#include <optional>

#include "engine/ckks_params/cost_model.h"
#include "engine/ckks_params/parameters.h"
#include "networks/compiler/budget/solver.h"

namespace serdab::compiler {

/// What the search must keep.
struct SearchGoal {
  /// −log2 of the largest answer error over the largest answer: the first that fits.
  std::vector<double> precision_bits = {14};
  double guard_bits = 6;  ///< room above the calibrated magnitudes before a value wraps
  ckks_params::SecurityLevel security = ckks_params::SecurityLevel::k128;
  std::optional<base::RingKind> ring;  ///< either, if empty
  std::optional<unsigned> log_n;       ///< any, if empty
  std::size_t images = 0;              ///< images a query will hold; 0: full batches
  /// That evaluation keys should take; where they take more, rotations are given up afterwards.
  std::optional<std::size_t> key_bytes;
  std::function<void()> step;  ///< called after every part of the work; may be empty
};

/// The parameters and program that meet the goal at the least predicted cost an image.
struct SearchResult {
  ckks_params::ParametersLiteral parameters;
  Emitted emitted;
  double precision_bits = 0;  ///< predicted by simulated noise on the calibration data
  double answer_noise = 0;    ///< predicted error of an answer, standard deviation
  double largest_answer = 0;
  double cost = 0;                      ///< predicted seconds an image
  std::vector<std::string> considered;  ///< one line for each parameter set looked at, and why not
};

/// Tries the rings and dimensions that the goal allows; for each solves the bit budget, checks it
/// against the 2024 table and simulates it. `truth` is the network's own answer on the calibration
/// input: precision is measured against it, weights rounding included. Throws
/// base::Error(kUnsupported), saying what was tried, when none fits.
SearchResult search_parameters(const Circuit& circuit, const program::Bundle& calibration,
                               const program::Bundle& truth, const SearchGoal& goal,
                               const ckks_params::MachineProfile& machine);

}  // namespace serdab::compiler
