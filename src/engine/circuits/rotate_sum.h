#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/circuits/stage_seconds.h"
#include "engine/circuits/transform_shape.h"
#include "engine/ckks/evaluator.h"

namespace serdab::circuits {

/// x += rot_step(x) for each step in turn: with steps s_1 … s_k every slot takes the sum of the 2^k
/// slots at the subsets' distances. Level and scale stay. Both rings; errors as
/// ckks::Evaluator::rotate. Steps of any sign.
void rotate_sum(const ckks::Evaluator& evaluator, ckks::Ciphertext& x, std::span<const long> steps,
                const ckks::GaloisKeys& keys);

/// The same with rotations that may take several steps each, and a rescale by `rescale_primes` at
/// the end. Sums stay in basis QP: a step divides part 1 by P to decompose it, and both parts are
/// divided once at the end, together with the rescale (contexts of positive digits divide in every
/// step). `seconds`, if given, is added to.
void rotate_sum(const ckks::Evaluator& evaluator, ckks::Ciphertext& x,
                std::span<const Rotation> rotations, const ckks::GaloisKeys& keys,
                std::size_t rescale_primes = 0, StageSeconds* seconds = nullptr);

/// Steps with which rotate_sum gives slot i the sum of `count` slots i, i + stride, i + 2·stride, …
/// (negative strides: slots before it). `count` is a power of two, else base::Error
/// (kInvalidArgument).
std::vector<long> sum_steps(std::size_t count, long stride = 1);

/// Steps with which rotate_sum copies every slot that is followed by count − 1 zeros at `stride`
/// into those.
std::vector<long> replicate_steps(std::size_t count, long stride = 1);

}  // namespace serdab::circuits
