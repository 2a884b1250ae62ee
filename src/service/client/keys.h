#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/ckks_secret/secret_key.h"
#include "networks/program/package.h"
#include "service/wire/message.h"

namespace serdab::client {

/// A client's own keys for one program.
struct KeyPair {
  ckks_secret::SecretKey secret;
  wire::EvaluationKeys evaluation;  ///< for the server
};

/// Fresh keys from the operating system's randomness: the secret, and the evaluation keys that the
/// program needs, at the levels it needs. Throws base::Error(kSecurity) for insecure parameters.
KeyPair generate_keys(const ckks::Context& context, const program::ClientBundle& bundle);

/// The same for these levels and rotations; a position is so many slots.
KeyPair generate_keys(const ckks::Context& context, std::int32_t relinearisation_level,
                      const std::vector<program::RotationKey>& rotations, std::size_t slots_each);

/// The secret key as a file's payload, and back; base::Error names `name`. Whoever reads the file
/// reads everything encrypted under the key.
std::vector<std::uint8_t> write_secret_key(const ckks_secret::SecretKey& key);
ckks_secret::SecretKey read_secret_key(const ckks::Context& context,
                                       std::span<const std::uint8_t> payload,
                                       const std::string& name);

}  // namespace serdab::client
