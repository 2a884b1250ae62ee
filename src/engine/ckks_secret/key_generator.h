#pragma once

#include "engine/ckks/switching_key.h"
#include "engine/ckks_secret/secret_key.h"

namespace serdab::ckks_secret {

/// Makes public and evaluation keys of one secret, all bound to its key id. Evaluation keys are
/// made for the level that uses them (and serve those below) and come out seeded: half the bytes.
/// Randomness from the Prng given, whose stream must be secret. Throws
/// base::Error(kInvalidArgument) when the parameters have no special primes. Not thread-safe
/// because of the Prng. Context and secret must outlive it.
class KeyGenerator {
 public:
  KeyGenerator(const Context& context, const SecretKey& secret, sampling::Prng&& prng);

  ckks::PublicKey public_key();
  ckks::SeededSwitchingKey relinearisation_key(base::Level level);
  ckks::SeededSwitchingKey galois_key(base::GaloisElement element, base::Level level);
  /// For slot rotations by `steps`; for complex conjugation.
  ckks::SeededSwitchingKey rotation_key(long steps, base::Level level);
  ckks::SeededSwitchingKey conjugation_key(base::Level level);

 private:
  /// From `target` (values over all of Q) to the secret.
  ckks::SeededSwitchingKey switching_key(const Poly& target, base::GaloisElement element,
                                         base::Level level);

  const Context* context_;
  const SecretKey* secret_;
  sampling::Prng prng_;
};

}  // namespace serdab::ckks_secret
