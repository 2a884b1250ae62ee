#pragma once

#include <cstddef>

#include "engine/base/units.h"
#include "engine/ckks_params/parameters.h"

namespace serdab::ckks_params {

/// Mean square of a slot's error before it is divided by the scale: |e(ζ)|² of the error polynomial
/// e, averaged over slots. Independent errors add.
struct NoisePower {
  double value = 0;
};
constexpr NoisePower operator+(NoisePower a, NoisePower b) { return {a.value + b.value}; }

/// What the noise of one output of a linear transform depends on. Squares of weights are averages
/// over slots, summed over diagonals.
struct TransformWeights {
  std::size_t diagonals = 0;
  double squares = 0;           ///< Σ E|w|²
  double rotated_squares = 0;   ///< Σ (steps of the diagonal's baby rotation)·E|w|²
  double composed_squares = 0;  ///< Σ (steps of it but the last)·E|w|²
  std::size_t giant_steps = 0;  ///< of all giant rotations
};

/// The noise of every operation, for both rings, by the formulas of docs/notes/noise.md; tests
/// measure that the evaluator's noise lies within them. Averages over slots and keys: a slot's own
/// deviation also follows |s(ζ)|, so the worst of n slots is about 5 to 8 deviations away.
/// Immutable value, shareable.
class NoiseModel {
 public:
  explicit NoiseModel(const Parameters& parameters) : parameters_(parameters) {}

  /// Rounding a vector to integer coefficients. (A constant is rounded once: at most 1/4.)
  NoisePower encoding() const;
  /// A fresh encryption, without encoding().
  NoisePower symmetric() const;
  NoisePower public_key() const;

  /// Message arguments are mean squares of slots before scaling: E|m|².
  NoisePower multiply(NoisePower a, double message_a, base::Scale scale_a, NoisePower b,
                      double message_b, base::Scale scale_b) const;
  NoisePower square(NoisePower a, double message, base::Scale scale) const;
  /// By an encoded vector of mean square `plain`, its own rounding included.
  NoisePower multiply_plain(NoisePower a, double message, base::Scale scale, double plain,
                            base::Scale plain_scale) const;
  /// By an integer.
  static NoisePower multiply_integer(NoisePower a, double factor) {
    return {a.value * factor * factor};
  }
  /// What switching a polynomial at `level` adds before its division by P rounds: digits times key
  /// errors over P. All that a rotation left in QP has.
  NoisePower key_error(base::Level level) const;
  /// What relinearisation, rotation or conjugation at `level` adds: digits times key errors,
  /// divided by P, and the rounding of that division.
  NoisePower key_switch(base::Level level) const;
  /// A linear transform hoisted twice (circuits/linear_transform.h), one output, before the final
  /// division rescales it. `message` and `scale` are the inputs', `a` their noise.
  NoisePower linear_transform(NoisePower a, double message, base::Scale scale,
                              const TransformWeights& weights, base::Scale weight_scale,
                              base::Level level) const;
  /// Division by primes of product 2^log2_product: the old noise shrinks, rounding of `parts` parts
  /// is added.
  NoisePower rescale(NoisePower a, double log2_product, std::size_t parts = 2) const;

  /// Rounding the coefficients of part 0 to multiples of `first_step` and those of the further
  /// parts to multiples of `other_step`, for an answer of which decryption keeps every stride-th
  /// coefficient.
  NoisePower answer_rounding(double first_step, double other_step, std::size_t parts,
                             std::size_t stride) const;

  /// Standard deviation of the (real part of the) decoded slot.
  double slot_deviation(NoisePower a, base::Scale scale) const;

 private:
  /// |e(ζ)|² per unit of coefficient variance, for errors in every stride-th coefficient.
  double gain(std::size_t stride = 1) const;
  /// Mean of |s(ζ)|^2.
  double secret_power() const;
  /// Σ_{k<parts} E|s|^2k: what unit errors in the parts are after decryption, without gain.
  double secret_moments(std::size_t parts) const;
  /// Rounding `parts` polynomials to integers, as seen after decryption.
  double rounding(std::size_t parts) const;

  Parameters parameters_;
};

}  // namespace serdab::ckks_params
