#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/ckks_params/cost_model.h"
#include "engine/ckks_params/parameters.h"
#include "networks/packing/run_circuit.h"
#include "networks/packing/slot_circuit.h"
#include "networks/program/step_package.h"

namespace serdab::compiler {

/// What a step must keep.
struct StepGoal {
  ckks_params::SecurityLevel security = ckks_params::SecurityLevel::k128;
  /// Largest error that one run may add to any number of any output, −log2.
  double precision_bits = 20;
  double guard_bits = 2;  ///< room above calibrated magnitudes before a value wraps
  /// Room above an output that feeds an input of a higher level, for a mask that hides it.
  double blinding_bits = 0;
};

struct CompiledStep {
  std::vector<program::Program> programs;  ///< one a circuit; real ring, positions = slots
  ckks_params::ParametersLiteral parameters;
  std::vector<program::StepState> states;
  double precision_bits = 0;  ///< predicted by simulated noise, of all outputs
  double seconds = 0;         ///< predicted, one thread
  std::vector<std::string> considered;
};

/// Compiles a circuit to a program in the real ring with as many slots as the circuit has
/// positions. Every level drops one prime; scales are solved for so that summands agree to the last
/// bits, with the scales of data and masks as unknowns. `examples` are inputs like those to come:
/// magnitudes and errors are measured on them. Throws base::Error(kUnsupported), saying what was
/// tried, when no parameters fit.
CompiledStep compile_step(const std::vector<packing::SlotCircuit>& circuits,
                          const std::vector<std::map<std::string, packing::SlotVectors>>& examples,
                          const StepGoal& goal, const ckks_params::MachineProfile& machine);
/// One circuit.
CompiledStep compile_step(const packing::SlotCircuit& circuit,
                          const std::vector<std::map<std::string, packing::SlotVectors>>& examples,
                          const StepGoal& goal, const ckks_params::MachineProfile& machine);

}  // namespace serdab::compiler
