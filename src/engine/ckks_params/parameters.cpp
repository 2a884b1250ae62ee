#include "engine/ckks_params/parameters.h"

#include <algorithm>
#include <cmath>

#include "engine/arith/primes.h"
#include "engine/ckks_params/checks.h"
#include "engine/ckks_params/identity.h"

namespace serdab::ckks_params {

Parameters Parameters::create(const ParametersLiteral& literal) {
  check_form(literal, kMinLogN);
  Parameters parameters(literal, false);
  check_security(literal, parameters.log_qp());
  return parameters;
}

Parameters Parameters::create_insecure_for_tests(const ParametersLiteral& literal) {
  check_form(literal, 5);
  return Parameters(literal, true);
}

Parameters::Parameters(const ParametersLiteral& literal, bool insecure)
    : literal_(literal), insecure_(insecure), id_(identity(literal, insecure)) {
  double sum = 0;
  for (const std::uint64_t prime : literal_.q) {
    sum += std::log2(static_cast<double>(prime));
    log_q_.push_back(sum);
  }
  for (const std::uint64_t prime : literal_.p) log_p_ += std::log2(static_cast<double>(prime));
}

std::size_t Parameters::digits(base::Level level) const {
  if (literal_.digit_primes == 0) return 0;
  return (level.primes() + literal_.digit_primes - 1) / literal_.digit_primes;
}

double Parameters::log_q(base::Level level) const { return log_q_.at(level.value); }

std::uint64_t prime_congruence(base::RingKind ring, unsigned log_n) {
  return std::uint64_t{ring == base::RingKind::kStandard ? 2u : 4u} << log_n;
}

std::vector<std::uint64_t> choose_primes(base::RingKind ring, unsigned log_n,
                                         const std::vector<double>& log2_sizes,
                                         const std::vector<std::uint64_t>& exclude) {
  std::vector<std::uint64_t> taken = exclude, chosen;
  for (const double size : log2_sizes) {
    chosen.push_back(arith::find_ntt_primes(size, prime_congruence(ring, log_n), 1, taken).front());
    taken.push_back(chosen.back());
  }
  return chosen;
}

}  // namespace serdab::ckks_params
