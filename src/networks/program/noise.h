#pragma once

#include <cstdint>
#include <span>

#include "engine/ckks_params/noise.h"
#include "networks/program/program.h"
#include "networks/program/reference.h"

namespace serdab::program {

/// Σ of the mean squares that all diagonals of an output meet at a position, averaged over the
/// positions that are written: every diagonal's rounding errs at every position, weight or not.
/// `row_squares` holds E|x|² of every position of every operand's ciphertext.
double met_square(const Transform& op, std::uint32_t positions,
                  std::span<const double> row_squares);

/// Standard deviation of the error that a value's op adds to each slot, in message units: fresh
/// encryption and encoding of inputs, rounded diagonals, masks and constants, key switching,
/// rounding of rescales; 0 for ops that add none. Averaged over slots and, for a Rotate, over its
/// elements. A Mask's rounding is taken to meet messages of the calibrated magnitude everywhere: an
/// upper bound.
double added_noise(const Program& program, ValueId id, const ckks_params::NoiseModel& model);

/// An observer for run_reference that adds this noise: the `simulated` backend. Deterministic in
/// the seed. Keeps references to its arguments.
Observer noise_observer(const Program& program, const ckks_params::NoiseModel& model,
                        std::uint64_t seed);

}  // namespace serdab::program
