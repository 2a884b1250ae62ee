#pragma once

#include "engine/ckks/ciphertext.h"
#include "engine/ckks/plaintext.h"
#include "engine/ckks_secret/secret_key.h"

namespace serdab::ckks_secret {

/// Encrypts with the secret itself: less noise than a public key, and half the bytes, because part
/// 1 is expanded from a public seed. Immutable; const calls may run on several threads, each with a
/// Prng of its own. Context and secret must outlive it.
class SymmetricEncryptor {
 public:
  /// Throws base::Error(kMismatch) when the secret is not of these parameters.
  SymmetricEncryptor(const Context& context, const SecretKey& secret);

  /// At the plaintext's level and scale; errors and the public seed from `prng`, whose stream must
  /// be secret.
  ckks::SeededCiphertext encrypt_seeded(const ckks::Plaintext& plaintext,
                                        sampling::Prng& prng) const;
  ckks::Ciphertext encrypt(const ckks::Plaintext& plaintext, sampling::Prng& prng) const;

 private:
  ckks::CiphertextInfo info_of(const ckks::Plaintext& plaintext) const;
  /// Part 0; part 1 into `a` where that is wanted.
  Poly masked_message(const ckks::Plaintext& plaintext, const sampling::Seed& seed,
                      sampling::Prng& prng, Poly* a) const;

  const Context* context_;
  const SecretKey* secret_;
};

}  // namespace serdab::ckks_secret
