#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "engine/ckks/ciphertext.h"
#include "engine/ckks/context.h"

namespace serdab::wire {

/// `bits` is at most program::AnswerForm::kMaxBits everywhere.

/// Bytes of every stride-th coefficient of a polynomial at level 0, `bits` bits each.
std::size_t rounded_bytes(const ckks::Context& context, std::size_t stride, unsigned bits);

/// Writes round(v·2^bits/q_0) modulo 2^bits for every stride-th coefficient v; out has
/// rounded_bytes().
void write_rounded(const ckks::Context& context, const ckks::Poly& poly, std::size_t stride,
                   unsigned bits, std::span<std::uint8_t> out);

/// The polynomial of coefficients round(w·q_0/2^bits) modulo q_0, 0 where none was written.
ckks::Poly read_rounded(const ckks::Context& context, std::span<const std::uint8_t> bytes,
                        std::size_t stride, unsigned bits);

}  // namespace serdab::wire
