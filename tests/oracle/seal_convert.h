#pragma once

#include "engine/ckks/ciphertext.h"
#include "engine/ckks/plaintext.h"
#include "engine/ckks/switching_key.h"
#include "engine/ckks_secret/secret_key.h"
#include "seal_format.h"

/// Between SEAL's objects and serdab's. From SEAL: parameter ids, dimensions and residues are
/// checked, base::Error(kMismatch or kCorrupt) otherwise. SEAL's chain is ours with one special
/// prime, one prime per digit, and its transform order is ours, so words are copied.
namespace serdab::oracle {

using ckks::Context;
using ckks::KeyId;

ckks_params::ParametersLiteral literal_of(const SealParameters& parameters);

/// The level whose primes hash to this id; throws kMismatch when none does.
base::Level level_of(const Context& context, const ParmsId& id);
ParmsId id_of(const Context& context, base::Level level);
ParmsId key_id_of(const Context& context);

ckks::Ciphertext from_seal(const Context& context, const SealCiphertext& ciphertext,
                           const KeyId& key);
ckks::Plaintext from_seal(const Context& context, const SealPlain& plain);
ckks_secret::SecretKey secret_from_seal(const Context& context, const SealPlain& secret,
                                        const KeyId& key);
ckks::PublicKey public_from_seal(const Context& context, const SealCiphertext& pair,
                                 const KeyId& key);
ckks::SwitchingKey key_from_seal(const Context& context, const std::vector<SealCiphertext>& digits,
                                 base::GaloisElement element, const KeyId& key);

SealCiphertext to_seal(const Context& context, const ckks::Ciphertext& ciphertext);
SealPlain secret_to_seal(const Context& context, const ckks_secret::SecretKey& secret);
SealCiphertext public_to_seal(const Context& context, const ckks::PublicKey& key);
/// One entry per key, at the index SEAL looks it up; relinearisation keys at 0.
SealSwitchingKeys keys_to_seal(const Context& context,
                               const std::vector<const ckks::SwitchingKey*>& keys);

}  // namespace serdab::oracle
