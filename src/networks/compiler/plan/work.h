#pragma once

#include <cstddef>
#include <vector>

#include "engine/ckks_params/cost_model.h"
#include "engine/ckks_params/parameters.h"
#include "networks/program/program.h"

namespace serdab::compiler {

/// Work of every value of a program (all its ciphertexts) at the given ring and key-switching
/// parameters. Follows the engine's algorithms (docs/notes/cost.md).
std::vector<ckks_params::WorkCounts> count_work(const program::Program& program, unsigned log_n,
                                                unsigned digit_primes);

/// What each part of a linear transform on slots costs at a level of so many primes.
struct TransformCosts {
  ckks_params::WorkCounts input;     ///< decomposing an input
  ckks_params::WorkCounts baby;      ///< a rotation of it left in QP
  ckks_params::WorkCounts diagonal;  ///< a product summed there
  ckks_params::WorkCounts giant;     ///< dividing, switching and moving an inner sum
  ckks_params::WorkCounts output;    ///< the division at the end
  ckks_params::WorkCounts sum;       ///< a whole rotation that is added
};
TransformCosts transform_costs(unsigned log_n, std::size_t primes, std::size_t special_primes,
                               unsigned digit_primes);

}  // namespace serdab::compiler
