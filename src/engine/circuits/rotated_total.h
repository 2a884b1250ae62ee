#pragma once

#include <span>

#include "engine/circuits/stage_seconds.h"
#include "engine/circuits/transform_shape.h"
#include "engine/ckks/evaluator.h"

namespace serdab::circuits {

/// Σ_e rot_e(inputs[e]), one rotation for each input (at least one, of equal level and scale, two
/// parts), then a rescale by `rescale_primes`. The last step of each rotation stays in basis QP, so
/// that the sum is divided by P once, together with the rescale; earlier steps divide (contexts of
/// positive digits divide in every step). Throws base::Error(kMismatch) as
/// ckks::Evaluator::rotate. `seconds`, if given, is added to: all of a step is a giant step.
ckks::Ciphertext rotated_total(const ckks::Evaluator& evaluator,
                               std::span<const ckks::Ciphertext* const> inputs,
                               std::span<const Rotation> rotations, const ckks::GaloisKeys& keys,
                               std::size_t rescale_primes = 0, StageSeconds* seconds = nullptr);

}  // namespace serdab::circuits
