#pragma once

#include <vector>

#include "engine/ckks_params/cost_model.h"
#include "engine/ckks_params/parameters.h"
#include "networks/program/program.h"

namespace serdab::compiler {

/// Work of every value of a program (all its ciphertexts) at the given ring and key-switching
/// parameters. Follows the engine's algorithms (docs/notes/cost.md).
std::vector<ckks_params::WorkCounts> count_work(const program::Program& program, unsigned log_n,
                                                unsigned digit_primes);

}  // namespace serdab::compiler
