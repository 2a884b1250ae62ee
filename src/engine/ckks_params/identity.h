#pragma once

#include <cstdint>
#include <vector>

#include "engine/ckks_params/parameters.h"

namespace serdab::ckks_params {

/// The bytes that are hashed: the tag "serdab parameters 1", then ring, log_n, security, insecure
/// (one byte each), digit_primes, the number of q, each q, the number of p, each p (8 bytes each,
/// little-endian).
std::vector<std::uint8_t> canonical_encoding(const ParametersLiteral& literal, bool insecure);

/// SHA-256 of it.
ParameterId identity(const ParametersLiteral& literal, bool insecure);

}  // namespace serdab::ckks_params
