#pragma once

#include <cstdint>
#include <span>

#include "engine/ckks/ciphertext.h"
#include "engine/ckks/context.h"
#include "networks/program/package.h"

namespace serdab::wire {

/// Polynomials of an answer in a form that rounds (program::AnswerForm): at `level`, one value in
/// every `stride` coefficients. const calls may run on several threads.
class Rounding {
 public:
  Rounding(const ckks::Context& context, ckks::Level level, unsigned gain_bits);

  /// Bytes of a polynomial.
  std::size_t bytes(std::size_t stride, unsigned bits) const;
  /// Writes the nearest integer to 2^gain·v·2^bits/Q, modulo 2^bits, for every stride-th
  /// coefficient v; `out` has bytes().
  void write(const ckks::Poly& poly, std::size_t stride, unsigned bits,
             std::span<std::uint8_t> out) const;
  /// The polynomial of coefficients w·Q/2^bits, rounded, 0 where none was written: 2^gain times
  /// what was written.
  ckks::Poly read(std::span<const std::uint8_t> bytes, std::size_t stride, unsigned bits) const;

 private:
  std::vector<double> centred(const ckks::Poly& poly) const;

  const ckks::Context& context_;
  ring::RnsBasis basis_;
  unsigned gain_bits_;
  double q_ = 1;  ///< q_0 … q_level
};

}  // namespace serdab::wire
