#pragma once

#include <cstddef>
#include <vector>

#include "engine/ckks_params/cost_model.h"
#include "engine/ckks_params/parameters.h"
#include "networks/program/program.h"
#include "networks/program/work_kinds.h"

namespace serdab::compiler {

using WorkByKind = program::ByWork<ckks_params::WorkCounts>;

/// Work of every value of a program (all its ciphertexts) at the given ring and key-switching
/// parameters. Follows the engine's algorithms (docs/notes/cost.md).
std::vector<WorkByKind> count_work(const program::Program& program, unsigned log_n,
                                   unsigned digit_primes);

/// Of all its values.
WorkByKind query_work(const program::Program& program, unsigned log_n, unsigned digit_primes);

/// What each part of a linear transform on slots costs at a level of so many primes.
struct TransformCosts {
  ckks_params::WorkCounts input;     ///< decomposing an input
  ckks_params::WorkCounts baby;      ///< a rotation of it left in QP
  ckks_params::WorkCounts diagonal;  ///< a product summed there
  ckks_params::WorkCounts giant;     ///< dividing, switching and moving an inner sum
  ckks_params::WorkCounts output;    ///< the division at the end
  ckks_params::WorkCounts sum;       ///< a rotation that is added, as a giant step
  ckks_params::WorkCounts encoding;  ///< of a diagonal's weights, where they are not prepared
};
/// For primes of at most ckks_params::kShortPrimeBits bits, as most packed programs have.
/// Weights repeat so many times around a ciphertext.
TransformCosts transform_costs(unsigned log_n, std::size_t primes, std::size_t special_primes,
                               unsigned digit_primes, std::size_t repeats = 1);

}  // namespace serdab::compiler
