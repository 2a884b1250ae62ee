#include "engine/ckks_params/checks.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "engine/arith/primes.h"
#include "engine/base/error.h"

namespace serdab::ckks_params {
namespace {

template <typename... Parts>
[[noreturn]] void reject(base::ErrorCode code, const Parts&... parts) {
  std::ostringstream message;
  message << "parameters: ";
  (message << ... << parts);
  base::fail(code, message.str());
}

constexpr auto kInvalid = base::ErrorCode::kInvalidArgument;

void check_prime(std::uint64_t prime, std::uint64_t congruence) {
  if (prime >> Parameters::kMaxPrimeBits != 0 || prime >> (Parameters::kMinPrimeBits - 1) == 0) {
    reject(kInvalid, "prime ", prime, " has not 20 to 50 bits");
  }
  if (prime % congruence != 1) {
    reject(kInvalid, "prime ", prime, " is not 1 modulo ", congruence,
           ", as this ring's transform needs; choose_primes finds such primes");
  }
  if (!arith::is_prime(prime)) reject(kInvalid, prime, " is not prime");
}

void check_primes(const ParametersLiteral& literal) {
  std::vector<std::uint64_t> all = literal.q;
  all.insert(all.end(), literal.p.begin(), literal.p.end());
  if (literal.q.empty()) reject(kInvalid, "Q has no primes; at least one is needed");
  if (all.size() > Parameters::kMaxPrimes) {
    reject(kInvalid, all.size(), " primes; at most ", Parameters::kMaxPrimes, " are supported");
  }
  const std::uint64_t congruence = prime_congruence(literal.ring, literal.log_n);
  for (const std::uint64_t prime : all) check_prime(prime, congruence);
  std::sort(all.begin(), all.end());
  const auto twice = std::adjacent_find(all.begin(), all.end());
  if (twice != all.end()) reject(kInvalid, "prime ", *twice, " appears twice");
}

double log2_product(const std::vector<std::uint64_t>& primes, std::size_t begin, std::size_t end) {
  double sum = 0;
  for (std::size_t i = begin; i < std::min(end, primes.size()); ++i) {
    sum += std::log2(static_cast<double>(primes[i]));
  }
  return sum;
}

void check_digits(const ParametersLiteral& literal) {
  if (literal.p.empty() != (literal.digit_primes == 0)) {
    reject(kInvalid, "digit_primes is ", literal.digit_primes, " with ", literal.p.size(),
           " special primes; either both are zero (no key switching) or neither");
  }
  if (literal.p.empty()) return;
  const double log_p = log2_product(literal.p, 0, literal.p.size());
  for (std::size_t begin = 0; begin < literal.q.size(); begin += literal.digit_primes) {
    const double log_digit = log2_product(literal.q, begin, begin + literal.digit_primes);
    if (log_digit > log_p + Parameters::kDigitSlackBits) {
      reject(kInvalid, "the key-switching digit that begins at prime ", begin, " has ", log_digit,
             " bits, P only ", log_p,
             ": its noise would drown the message; add special primes or lower digit_primes");
    }
  }
}

}  // namespace

void check_form(const ParametersLiteral& literal, unsigned min_log_n) {
  if (literal.ring != base::RingKind::kStandard &&
      literal.ring != base::RingKind::kConjugateInvariant) {
    reject(kInvalid, "unknown ring ", static_cast<int>(literal.ring));
  }
  if (static_cast<std::size_t>(literal.security) >= kSecurityLevels.size()) {
    reject(kInvalid, "unknown security level ", static_cast<int>(literal.security));
  }
  if (literal.log_n < min_log_n || literal.log_n > Parameters::kMaxLogN) {
    reject(kInvalid, "log_n is ", literal.log_n, "; it must be ", min_log_n, " to ",
           Parameters::kMaxLogN);
  }
  check_primes(literal);
  check_digits(literal);
}

void check_security(const ParametersLiteral& literal, double log_qp) {
  const double limit = max_log_qp(literal.log_n, literal.security);
  if (log_qp <= limit) return;
  const unsigned bits = security_bits(literal.security);
  const unsigned enough = min_log_n(log_qp, literal.security);
  std::ostringstream remedy;
  if (enough != 0) {
    remedy << "use log_n " << enough << " or at most " << limit << " bits";
  } else {
    remedy << "no supported dimension allows that many bits; shorten the chain";
  }
  reject(base::ErrorCode::kSecurity, "log2 QP is ", log_qp, " at N = 2^", literal.log_n, "; ", bits,
         "-bit security allows ", limit, " (ePrint 2024/463): ", remedy.str());
}

}  // namespace serdab::ckks_params
