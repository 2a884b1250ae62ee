#pragma once

#include <cstddef>
#include <vector>

#include "engine/ckks/encoder.h"

namespace serdab::client {

/// Slots of a message whose coefficients stand at multiples of the stride alone, that is, whose
/// slots are copies with period slots/stride: what the other coefficients hold is noise, and
/// without them every slot is the mean of its copies.
std::vector<double> decode_strided(const ckks::Encoder& encoder, ckks::Plaintext&& plaintext,
                                   std::size_t stride);

}  // namespace serdab::client
