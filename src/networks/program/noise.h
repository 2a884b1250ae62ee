#pragma once

#include <cstdint>
#include <random>

#include "engine/base/ring_kind.h"
#include "networks/program/program.h"
#include "networks/program/reference.h"

namespace serdab::program {

/// Noise that the homomorphic ops add to a slot, as a standard deviation in units of 1/scale: dense ternary
/// secret, sigma 3.2, real slots (docs/notes/noise.md). Immutable.
class NoiseModel {
 public:
  NoiseModel(base::RingKind ring, std::size_t n, const std::vector<std::uint64_t>& primes,
             const std::vector<std::uint64_t>& special_primes, unsigned digit_primes);

  /// A fresh symmetric encryption.
  double fresh() const;
  /// Rounding of a two-part ciphertext: rescale, and the division by P.
  double rounding() const;
  /// Key switching at a level: the digits' share and the rounding of the division by P.
  double key_switch(base::Level level) const;

 private:
  base::RingKind ring_;
  double n_;
  std::vector<double> log_primes_;
  unsigned digit_primes_;
  double log_p_ = 0;
};

/// An observer for run_reference that adds the predicted noise to inputs, relinearisations and rescales:
/// the `simulated` backend. Deterministic in the seed. Keeps references to its arguments.
Observer noise_observer(const Program& program, const NoiseModel& model, std::uint64_t seed);

}  // namespace serdab::program
