#include "engine/ckks_secret/secret_key.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/ring/sample.h"
#include "engine/sampling/small.h"

namespace serdab::ckks_secret {

SecretKey SecretKey::generate(const Context& context, sampling::Prng& prng) {
  base::SecretBuffer<std::int8_t> coefficients(context.n());
  sampling::sample_ternary(prng, coefficients.span());
  return from_coefficients(context, coefficients.span(), ckks::random_key_id(prng));
}

SecretKey SecretKey::from_coefficients(const Context& context,
                                       std::span<const std::int8_t> coefficients,
                                       const KeyId& key_id) {
  base::require(coefficients.size() == context.n(), base::ErrorCode::kCorrupt,
                "secret key: wrong number of coefficients");
  bool ternary = true;
  for (const std::int8_t c : coefficients) ternary &= c >= -1 && c <= 1;
  base::require(ternary, base::ErrorCode::kCorrupt, "secret key: a coefficient is not -1, 0 or 1");
  SecretKey key;
  key.key_id_ = key_id;
  key.parameter_id_ = context.parameters().id();
  key.coefficients_ = base::SecretBuffer<std::int8_t>(context.n());
  std::copy(coefficients.begin(), coefficients.end(), key.coefficients_.begin());
  key.values_ =
      ring::from_small(context.basis_qp(context.max_level()), coefficients, base::Secrecy::kSecret);
  return key;
}

}  // namespace serdab::ckks_secret
