#include "engine/ckks/encoder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "engine/arith/crt.h"
#include "engine/base/error.h"
#include "engine/ckks/checks.h"
#include "engine/ckks/integers.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"
#include "engine/ring/transform.h"

namespace serdab::ckks {
namespace {

using Complex = std::complex<double>;
using base::ErrorCode;
using base::RingKind;

void check_message(const Context& context, std::size_t count, Level level, Scale scale) {
  check_level(context, level, "encode");
  if (count > context.slots()) {
    base::fail(ErrorCode::kInvalidArgument, "encode: " + std::to_string(count) + " values for " +
                                                std::to_string(context.slots()) + " slots");
  }
  if (!(scale.value > 0) || !std::isfinite(scale.value)) {
    base::fail(ErrorCode::kInvalidArgument, "encode: scale " + std::to_string(scale.value));
  }
}

/// The largest magnitude; refuses what is not finite or does not fit below Q/2.
double checked_bound(const Context& context, std::span<const double> coefficients, Level level) {
  double bound = 0;
  for (const double x : coefficients) {
    if (!std::isfinite(x)) base::fail(ErrorCode::kInvalidArgument, "encode: a value is not finite");
    bound = std::max(bound, std::abs(x));
  }
  const double log_q = context.parameters().log_q(level);
  if (bound > 0 && std::log2(bound) >= log_q - 1) {
    base::fail(ErrorCode::kInvalidArgument,
               "encode: the scaled message has " + std::to_string(std::log2(bound)) +
                   " bits and a sign; level " + std::to_string(level.value) + " holds " +
                   std::to_string(log_q) + ": lower the scale or use a higher level");
  }
  return bound;
}

}  // namespace

Encoder::Encoder(const Context& context)
    : context_(&context), transform_(static_cast<unsigned>(std::countr_zero(context.slots()))) {}

Plaintext Encoder::encode(std::span<const double> values, Level level, Scale scale) const {
  check_message(*context_, values.size(), level, scale);
  std::vector<Complex> slots(this->slots(), Complex{});
  for (std::size_t i = 0; i < values.size(); ++i) slots[transform_.position(i)] = values[i];
  return encode_coefficients(coefficients_of(slots, scale.value), level, scale);
}

Plaintext Encoder::encode(std::span<const Complex> values, Level level, Scale scale) const {
  check_message(*context_, values.size(), level, scale);
  base::require(context_->parameters().ring() == RingKind::kStandard, ErrorCode::kInvalidArgument,
                "encode: the conjugate-invariant ring holds real values only");
  std::vector<Complex> slots(this->slots(), Complex{});
  for (std::size_t i = 0; i < values.size(); ++i) {
    slots[transform_.position(i)] = transform_.conjugated(i) ? std::conj(values[i]) : values[i];
  }
  return encode_coefficients(coefficients_of(slots, scale.value), level, scale);
}

std::vector<double> Encoder::coefficients_of(std::span<Complex> slots, double scale) const {
  transform_.inverse(slots);
  std::vector<double> coefficients(context_->n());
  for (std::size_t k = 0; k < slots.size(); ++k) {
    coefficients[k] = std::nearbyint(slots[k].real() * scale);
    if (context_->parameters().ring() == RingKind::kStandard) {
      coefficients[k + slots.size()] = std::nearbyint(slots[k].imag() * scale);
    }
  }
  return coefficients;
}

Plaintext Encoder::encode_coefficients(std::span<const double> coefficients, Level level,
                                       Scale scale) const {
  SERDAB_ASSERT(coefficients.size() == context_->n());
  check_level(*context_, level, "encode");
  const double bound = checked_bound(*context_, coefficients, level);
  const ring::RnsBasis basis = context_->basis(level);
  ring::RnsPoly<ring::Ntt> poly(basis.n(), basis.size());
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    integer_residues(coefficients, bound, basis.modulus(i), poly.limb(i));
    kernels::kernels().ntt_forward_one(basis.ntt(i), poly.limb(i));
  });
  return {std::move(poly), level, scale, context_->parameters().id()};
}

Plaintext Encoder::encode_constant(double value, Level level, Scale scale) const {
  check_message(*context_, 1, level, scale);
  const double scaled = std::nearbyint(value * scale.value);
  checked_bound(*context_, {&scaled, 1}, level);
  const ring::RnsBasis basis = context_->basis(level);
  ring::RnsPoly<ring::Ntt> poly(basis.n(), basis.size());
  for (std::size_t i = 0; i < basis.size(); ++i) {
    std::fill_n(poly.limb(i), basis.n(), integer_residue(scaled, basis.modulus(i)));
  }
  return {std::move(poly), level, scale, context_->parameters().id()};
}

std::vector<double> Encoder::decode_coefficients(const Plaintext& plaintext) const {
  check_parameters(*context_, plaintext.parameter_id, "decode");
  const ring::RnsBasis basis = context_->basis(plaintext.level);
  const auto residues = ring::to_coeff(plaintext.poly.clone(), basis);
  std::vector<arith::Modulus> moduli;
  for (std::size_t i = 0; i < basis.size(); ++i) moduli.push_back(basis.modulus(i));
  const arith::Crt crt(moduli);
  std::vector<double> coefficients(basis.n());
  std::vector<std::uint64_t> gathered(basis.size());
  for (std::size_t c = 0; c < basis.n(); ++c) {
    for (std::size_t i = 0; i < basis.size(); ++i) gathered[i] = residues.limb(i)[c];
    coefficients[c] = crt.to_centred_double(gathered);
  }
  return coefficients;
}

std::vector<Complex> Encoder::slots_of(std::span<const double> coefficients, Scale scale) const {
  SERDAB_ASSERT(coefficients.size() == context_->n());
  const std::size_t n = coefficients.size(), slots = this->slots();
  std::vector<Complex> folded(slots);
  for (std::size_t k = 0; k < slots; ++k) {
    const double paired = context_->parameters().ring() == RingKind::kStandard
                              ? coefficients[k + slots]
                          : k == 0 ? 0.0
                                   : -coefficients[n - k];
    folded[k] = {coefficients[k] / scale.value, paired / scale.value};
  }
  transform_.forward(folded);
  std::vector<Complex> values(slots);
  for (std::size_t i = 0; i < slots; ++i) {
    const Complex value = folded[transform_.position(i)];
    values[i] = transform_.conjugated(i) ? std::conj(value) : value;
  }
  return values;
}

std::vector<Complex> Encoder::decode(const Plaintext& plaintext) const {
  return slots_of(decode_coefficients(plaintext), plaintext.scale);
}

std::vector<double> Encoder::decode_real(const Plaintext& plaintext) const {
  const auto values = decode(plaintext);
  std::vector<double> real(values.size());
  std::transform(values.begin(), values.end(), real.begin(), [](Complex z) { return z.real(); });
  return real;
}

}  // namespace serdab::ckks
