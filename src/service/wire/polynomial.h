#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "engine/ckks/ciphertext.h"
#include "engine/ckks/context.h"

namespace serdab::wire {

/// Bytes of a polynomial over `basis`: every residue in as many bits as its prime has, prime by
/// prime.
std::size_t polynomial_bytes(const ring::RnsBasis& basis);

/// Writes into out, which has polynomial_bytes(basis) bytes.
void write_polynomial(const ring::RnsBasis& basis, const ckks::Poly& poly,
                      std::span<std::uint8_t> out);

/// Throws base::Error(kCorrupt), naming `what`, when a residue is not below its prime.
ckks::Poly read_polynomial(const ring::RnsBasis& basis, std::span<const std::uint8_t> bytes,
                           const std::string& what);

}  // namespace serdab::wire
