#pragma once

#include "engine/ckks/context.h"
#include "engine/ckks_params/parameters.h"

namespace serdab::fuzz {

/// Two primes, N = 32: no security whatsoever, but every format in a few hundred bytes.
inline const ckks::Context& insecure_context() {
  static const ckks::Context context([] {
    ckks_params::ParametersLiteral literal;
    literal.ring = base::RingKind::kConjugateInvariant;
    literal.log_n = 5;
    literal.q = ckks_params::choose_primes(literal.ring, 5, {30, 25});
    literal.p = ckks_params::choose_primes(literal.ring, 5, {30}, literal.q);
    literal.digit_primes = 1;
    return ckks_params::Parameters::create_insecure_for_tests(literal);
  }());
  return context;
}

}  // namespace serdab::fuzz
