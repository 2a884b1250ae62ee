// What a user of the installed library writes first.
#include <cstdio>

#include "engine/ckks/encoder.h"
#include "engine/ckks_params/parameters.h"

int main() {
  using namespace serdab;
  ckks_params::ParametersLiteral literal;
  literal.ring = base::RingKind::kConjugateInvariant;
  literal.log_n = 12;
  literal.q = ckks_params::choose_primes(literal.ring, 12, {40, 30});
  literal.p = ckks_params::choose_primes(literal.ring, 12, {30}, literal.q);
  const ckks::Context context(ckks_params::Parameters::create(literal));
  const ckks::Encoder encoder(context);
  const std::vector<double> message = {0.5, -0.25};
  const auto plaintext = encoder.encode(message, context.max_level(), {1073741824.0});
  const double back = encoder.decode_real(plaintext)[1];
  std::printf("%.6f\n", back);
  return back < -0.249 && back > -0.251 ? 0 : 1;
}
