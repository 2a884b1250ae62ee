#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engine/sampling/prng.h"

namespace serdab::ckks {

/// Names one secret key: random, public, carried by everything encrypted under it and by its
/// evaluation keys, so that mixing keys is an error instead of noise.
using KeyId = std::array<std::uint8_t, 16>;

KeyId random_key_id(sampling::Prng& prng);
/// Hexadecimal, for messages.
std::string to_string(const KeyId& id);

}  // namespace serdab::ckks
