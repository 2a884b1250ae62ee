#pragma once

#include <vector>

#include "networks/compiler/step/internal/heights.h"
#include "networks/compiler/step/internal/scales.h"
#include "networks/program/program.h"

namespace serdab::compiler {

/// The program of a circuit: a node of height h stands at level base_level + h. `primes` is the
/// chain q_0 … whose last heights.depth primes are those of `scales.drop`, largest height last;
/// `magnitudes` the largest number of each node.
program::Program emit_step(const packing::SlotCircuit& circuit, const Heights& heights,
                           const StepScales& scales, const std::vector<std::uint64_t>& primes,
                           unsigned base_level, const std::vector<double>& magnitudes);

}  // namespace serdab::compiler
