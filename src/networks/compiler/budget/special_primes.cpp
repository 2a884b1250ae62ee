#include "networks/compiler/budget/special_primes.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/error.h"

namespace serdab::compiler {
namespace {

// The largest size of a special prime.
constexpr double kLargestSpecialBits = 49.5;

}  // namespace

std::optional<ckks_params::ParametersLiteral> with_special_primes(
    ckks_params::ParametersLiteral literal, unsigned digit_primes, double least_bits,
    const std::function<bool(const ckks_params::NoiseModel&)>& quiet) {
  literal.digit_primes = digit_primes;
  double log_q = 0;
  for (const std::uint64_t q : literal.q) log_q += std::log2(static_cast<double>(q));
  const double room = ckks_params::max_log_qp(literal.log_n, literal.security) - log_q;
  for (double bits = least_bits; bits < room; bits += 1) {
    const double pieces = std::ceil(bits / kLargestSpecialBits);
    literal.p = ckks_params::choose_primes(
        literal.ring, literal.log_n,
        std::vector<double>(static_cast<std::size_t>(pieces), std::max(least_bits, bits / pieces)),
        literal.q);
    try {
      const auto parameters = ckks_params::Parameters::create(literal);
      if (quiet(ckks_params::NoiseModel(parameters))) return literal;
    } catch (const base::Error&) {
      // A digit still exceeds P by too much, or the table is reached by a hair: more bits, or none.
    }
  }
  return std::nullopt;
}

}  // namespace serdab::compiler
