#pragma once

#include "engine/ckks/ciphertext.h"
#include "engine/ckks/plaintext.h"
#include "engine/ckks_secret/secret_key.h"

namespace serdab::ckks_secret {

/// Decrypts for the key holder's own eyes. What comes out carries the noise, and with it
/// information on the key: hand it to nobody; for values that others will see there is release().
/// Immutable; const calls may run on several threads. Context and secret must outlive it.
class Decryptor {
 public:
  /// Throws base::Error(kMismatch) when the secret is not of these parameters.
  Decryptor(const Context& context, const SecretKey& secret);

  /// Any number of parts. Throws base::Error(kMismatch) for another key's ciphertext.
  ckks::Plaintext decrypt(const ckks::Ciphertext& ciphertext) const;

 private:
  const Context* context_;
  const SecretKey* secret_;
};

}  // namespace serdab::ckks_secret
