#include "engine/ckks_secret/release.h"

#include <cmath>
#include <string>

#include "engine/base/error.h"
#include "engine/ckks/encoder.h"
#include "engine/ring/arithmetic.h"
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
  ckks::Plaintext message = decryptor.decrypt(ciphertext);
  const ckks::Plaintext flood =
      ckks::encode_coefficients(context, noise.span(), message.level, message.scale);
  ring::add(context.basis(message.level), message.poly, flood.poly, message.poly);
  return message;
}

}  // namespace serdab::ckks_secret
