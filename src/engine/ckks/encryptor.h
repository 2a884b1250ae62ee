#pragma once

#include "engine/ckks/ciphertext.h"
#include "engine/ckks/plaintext.h"
#include "engine/ckks/switching_key.h"
#include "engine/sampling/prng.h"

namespace serdab::ckks {

/// Encrypts with a public key: u·(b, a) + (e0, e1) modulo QP, divided by P (when there is one),
/// plus the message; so that little more than rounding is left of the noise. Immutable; const calls
/// may run on several threads, each with a Prng of its own. The context must outlive it.
class Encryptor {
 public:
  /// Throws base::Error(kMismatch) when the key is not of these parameters.
  Encryptor(const Context& context, PublicKey&& key);

  /// At the plaintext's level and scale; randomness from `prng`, whose stream must be secret.
  Ciphertext encrypt(const Plaintext& plaintext, sampling::Prng& prng) const;

 private:
  const Context* context_;
  PublicKey key_;
};

}  // namespace serdab::ckks
