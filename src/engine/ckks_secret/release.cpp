#include "engine/ckks_secret/release.h"

#include <cmath>
#include <string>

#include "engine/base/error.h"
#include "engine/ckks/encoder.h"
#include "engine/ring/arithmetic.h"
#include "engine/ring/transform.h"
#include "engine/sampling/small.h"

namespace serdab::ckks_secret {

using base::ErrorCode;

ReleaseBudget::ReleaseBudget(std::uint32_t allowed, std::uint32_t used)
    : allowed_(allowed), used_(used) {
  base::require(allowed > 0 && used <= allowed, ErrorCode::kInvalidArgument,
                "release budget: more used than allowed, or nothing allowed");
}

void ReleaseBudget::spend() {
  if (used_ >= allowed_) {
    base::fail(ErrorCode::kLimit, "release: all " + std::to_string(allowed_) +
                                      " releases of this key are used; make a new key");
  }
  ++used_;
}

double flooding_deviation(const ReleaseTerms& terms, const ReleaseBudget& budget) {
  base::require(
      std::isfinite(terms.noise_norm) && terms.noise_norm > 0 && terms.statistical_bits >= 1,
      ErrorCode::kInvalidArgument,
      "release: the noise bound and the statistical security must be positive");
  return std::sqrt(12.0 * budget.allowed()) * std::exp2(terms.statistical_bits / 2.0) *
         terms.noise_norm;
}

namespace {

// Sets the other coefficients to 0.
void keep_multiples(const Context& context, std::size_t stride, ckks::Plaintext& message) {
  const ring::RnsBasis basis = context.basis(message.level);
  ring::RnsPoly<ring::Coeff> poly = ring::to_coeff(std::move(message.poly), basis);
  for (std::size_t i = 0; i < basis.size(); ++i) {
    for (std::size_t k = 0; k < poly.n(); ++k) {
      if (k % stride != 0) poly.limb(i)[k] = 0;
    }
  }
  message.poly = ring::to_ntt(std::move(poly), basis);
}

}  // namespace

ckks::Plaintext release(const Context& context, const Decryptor& decryptor,
                        const ckks::Ciphertext& ciphertext, const ReleaseTerms& terms,
                        ReleaseBudget& budget, sampling::Prng& prng) {
  const double deviation = std::max(flooding_deviation(terms, budget), 1.0);
  // One bit for the message, one for the sign, 8.6 deviations for the noise.
  const double bits = std::log2(8.6 * deviation) + 2;
  const double log_q = context.parameters().log_q(ciphertext.level());
  if (bits > log_q) {
    base::fail(ErrorCode::kLimit, "release: flooding needs " + std::to_string(bits) +
                                      " bits, the ciphertext's level has " + std::to_string(log_q) +
                                      "; plan a longer chain or fewer releases");
  }
  budget.spend();
  base::SecretBuffer<double> noise(context.n());
  sampling::sample_wide_gaussian(prng, deviation, noise.span());
  for (std::size_t k = 0; k < noise.size(); ++k) {
    if (k % terms.stride != 0) noise[k] = 0;
  }
  ckks::Plaintext message = decryptor.decrypt(ciphertext);
  if (terms.stride > 1) keep_multiples(context, terms.stride, message);
  const ckks::Plaintext flood =
      ckks::encode_coefficients(context, noise.span(), message.level, message.scale);
  ring::add(context.basis(message.level), message.poly, flood.poly, message.poly);
  return message;
}

}  // namespace serdab::ckks_secret
