#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/buffer.h"

namespace serdab::client {

/// Bytes that are zeroed when they go: passphrases and keys in the clear.
using SecretBytes = base::SecretBuffer<std::uint8_t>;
SecretBytes secret_bytes(std::span<const std::uint8_t> bytes);
SecretBytes secret_bytes(const std::string& text);

/// What trying a passphrase costs: scrypt with N = 2^log_n, r = 8, p = 1 takes 2^(log_n + 10)
/// bytes. 17 is 128 MiB and about a third of a second.
struct SealingCost {
  unsigned log_n = 17;
};

/// A payload of kind kSealedSecretKey: `secret`, a payload of kind kSecretKey, under AES-256-GCM
/// with a key that scrypt (RFC 7914) makes of the passphrase and a fresh salt; what stands before
/// it is authenticated too. base::Error(kInvalidArgument) for an empty passphrase.
std::vector<std::uint8_t> seal_secret(std::span<const std::uint8_t> secret,
                                      const SecretBytes& passphrase, SealingCost cost = {});

/// The payload of kind kSecretKey again. base::Error, naming `name`: kCorrupt for bytes that are no
/// sealed key, kLimit for one that would cost more than 1 GiB to open, kMismatch for another
/// passphrase.
SecretBytes open_secret(std::span<const std::uint8_t> payload, const SecretBytes& passphrase,
                        const std::string& name);

}  // namespace serdab::client
