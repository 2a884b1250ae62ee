#include "service/wire/rounding.h"

#include <cmath>

#include "engine/base/assert.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/transform.h"
#include "service/wire/bit_packing.h"

namespace serdab::wire {

Rounding::Rounding(const ckks::Context& context, ckks::Level level, unsigned gain_bits)
    : context_(context), basis_(context.basis(level)), gain_bits_(gain_bits) {
  for (std::size_t i = 0; i < basis_.size(); ++i) {
    q_ *= static_cast<double>(basis_.modulus(i).value());
  }
}

std::size_t Rounding::bytes(std::size_t stride, unsigned bits) const {
  return packed_bytes(basis_.n() / stride, bits);
}

// 2^gain times the coefficients, within ±Q/2.
std::vector<double> Rounding::centred(const ckks::Poly& poly) const {
  const std::size_t limbs = basis_.size();
  auto residues = ring::to_coeff(poly.clone(), basis_);
  std::vector<arith::Modulus> moduli;
  std::vector<std::uint64_t> inverses;
  std::vector<std::uint64_t*> words;
  for (std::size_t i = 0; i < limbs; ++i) {
    moduli.push_back(basis_.modulus(i));
    words.push_back(residues.limb(i));
    const std::uint64_t gain = arith::pow_mod(2, gain_bits_, moduli[i]);
    kernels::kernels().multiply_scalar(moduli[i], words[i], gain, words[i], basis_.n());
    for (std::size_t j = 0; j < limbs; ++j) inverses.push_back(context_.ring().inverse(i, j));
  }
  std::vector<double> result(basis_.n());
  kernels::kernels().messages.centred_doubles(limbs, moduli.data(), inverses.data(), words.data(),
                                              result.data(), basis_.n());
  return result;
}

void Rounding::write(const ckks::Poly& poly, std::size_t stride, unsigned bits,
                     std::span<std::uint8_t> out) const {
  SERDAB_ASSERT(bits >= 1 && bits <= program::AnswerForm::kMaxBits);
  const std::vector<double> coefficients = centred(poly);
  const double per_unit = std::exp2(bits) / q_;
  const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
  std::vector<std::uint64_t> rounded(basis_.n() / stride);
  for (std::size_t i = 0; i < rounded.size(); ++i) {
    const auto w = static_cast<std::int64_t>(std::nearbyint(coefficients[i * stride] * per_unit));
    rounded[i] = static_cast<std::uint64_t>(w) & mask;
  }
  pack_bits(rounded, bits, out);
}

ckks::Poly Rounding::read(std::span<const std::uint8_t> bytes, std::size_t stride,
                          unsigned bits) const {
  std::vector<std::uint64_t> rounded(basis_.n() / stride);
  unpack_bits(bytes, bits, rounded);
  const double unit = q_ / std::exp2(bits);
  std::vector<double> coefficients(basis_.n());
  for (std::size_t i = 0; i < rounded.size(); ++i) {
    // Two's complement of `bits` bits.
    const std::int64_t w = static_cast<std::int64_t>(rounded[i] << (64 - bits)) >> (64 - bits);
    coefficients[i * stride] = std::nearbyint(static_cast<double>(w) * unit);
  }
  ring::RnsPoly<ring::Coeff> poly(basis_.n(), basis_.size());
  for (std::size_t i = 0; i < basis_.size(); ++i) {
    kernels::kernels().messages.integer_residues(basis_.modulus(i), q_, coefficients.data(),
                                                 poly.limb(i), basis_.n());
  }
  return ring::to_ntt(std::move(poly), basis_);
}

}  // namespace serdab::wire
