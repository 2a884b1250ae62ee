#pragma once

#include <span>
#include <string>
#include <vector>

#include "networks/compiler/budget/search.h"
#include "networks/compiler/circuit/build.h"
#include "networks/compiler/compile.h"

namespace serdab::compiler {

/// One way to compile a network: its circuit, parameters and program.
struct Choice {
  BuiltCircuit built;
  SearchResult found;
  double guard_bits = 0;
  std::vector<std::string> notes;  ///< why this way, for the plan
};

/// The layout that the options ask for, or the one of least predicted time for their images.
/// `images` are calibration images one after another, `truth` the network's outputs on them.
Choice choose_layout(const ArithmeticNetwork& network, std::span<const double> images,
                     const program::Bundle& truth, const CompileOptions& options,
                     const ckks_params::MachineProfile& machine);

}  // namespace serdab::compiler
