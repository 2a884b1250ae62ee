#pragma once

#include <span>
#include <vector>

#include "engine/ckks/plaintext.h"

namespace serdab::ckks {

/// Exact integers of up to 126 bits: more than a double holds.
__extension__ typedef __int128 WideInteger;

/// The centred coefficients of a plaintext, n of them. Throws base::Error(kLimit) when Q at its
/// level has more than 126 bits.
std::vector<WideInteger> centred_coefficients(const Context& context, const Plaintext& plaintext);

/// The polynomial with these coefficients. The caller knows that they stay below Q/2.
Plaintext from_wide_coefficients(const Context& context, std::span<const WideInteger> coefficients,
                                 Level level, Scale scale);

}  // namespace serdab::ckks
