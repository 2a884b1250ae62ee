#pragma once

#include <cstdint>
#include <span>

#include "engine/ckks_secret/secret_key.h"

namespace serdab::ckks_secret {

/// Limb of the secret for limb i of a basis.
inline const std::uint64_t* secret_limb(const SecretKey& key, const ring::RnsBasis& basis,
                                        std::size_t i) {
  return key.values().limb(basis.prime(i));
}

/// Limb i of e − a·s (+ message where not null), with the error's coefficients.
void mask_limb(const ring::RnsBasis& basis, std::size_t i, const SecretKey& key,
               std::span<const std::int8_t> error, const std::uint64_t* a,
               const std::uint64_t* message, std::uint64_t* out);

/// e − a·s over `basis`, with a fresh error e from `prng`: the first half of every encryption of
/// zero.
Poly masked_error(const ring::RnsBasis& basis, const SecretKey& key, const Poly& a,
                  sampling::Prng& prng);

}  // namespace serdab::ckks_secret
