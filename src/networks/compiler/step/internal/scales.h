#pragma once

#include <string>
#include <vector>

#include "networks/compiler/step/internal/heights.h"

namespace serdab::compiler {

/// Sizes in bits that the scales of a step are solved for.
struct StepBits {
  double state = 36;  ///< scale of refreshed states
  double work = 30;   ///< wanted scale of what lies between
  double data = 26;   ///< wanted scale of other inputs: they bear no rounding of a division
  double mask = 26;   ///< wanted scale of masks
};

/// log2 of scales and primes.
struct StepScales {
  std::vector<double> node;  ///< of every node's result, divided
  std::vector<double> mask;  ///< of the vector of every MaskOp
  std::vector<double> drop;  ///< of the prime that a node of height h − 1 divides by, at index h
};

/// What the solver may choose and what it must meet.
struct ScaleProblem {
  const packing::SlotCircuit& circuit;
  const Heights& heights;
  std::vector<std::string> refreshed;  ///< states whose input scale is StepBits::state
  std::vector<std::string> carried;    ///< states whose output goes back in as it is
};

/// Sizes of primes with which all scales lie near the wanted ones, each at least `least` and at
/// most `most` bits.
std::vector<double> choose_drops(const ScaleProblem& problem, const StepBits& bits, double least,
                                 double most);
/// Scales with exactly these primes: summands agree. Throws base::Error(kUnsupported), naming the
/// stage, when no scales of data and masks bring that about.
StepScales solve_scales(const ScaleProblem& problem, const StepBits& bits,
                        const std::vector<double>& drops);

}  // namespace serdab::compiler
