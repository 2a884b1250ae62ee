#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/ring_kind.h"
#include "engine/base/units.h"
#include "engine/ckks_params/security_table.h"

namespace serdab::ckks_params {

/// What a program, a test or a file asks for; checked by Parameters::create.
struct ParametersLiteral {
  base::RingKind ring = base::RingKind::kStandard;
  unsigned log_n = 0;
  /// q_0 … q_L in the order of the chain: rescaling drops from the end.
  std::vector<std::uint64_t> q;
  /// Special primes of key switching; none if the program switches no keys.
  std::vector<std::uint64_t> p;
  /// Primes of Q per key-switching digit (alpha), at least 1; 0 if and only if p is empty.
  unsigned digit_primes = 1;
  SecurityLevel security = SecurityLevel::k128;

  bool operator==(const ParametersLiteral&) const = default;
};

/// SHA-256 of the canonical encoding: equal ids mean equal parameters.
using ParameterId = std::array<std::uint8_t, 32>;
/// The first 8 bytes in hexadecimal, for messages.
std::string to_string(const ParameterId& id);

/// A checked parameter set. Immutable; copies are cheap; const access may be shared between
/// threads.
class Parameters {
 public:
  static constexpr unsigned kMinLogN = 10;
  static constexpr unsigned kMaxLogN = 17;
  static constexpr unsigned kMinPrimeBits = 20;
  static constexpr unsigned kMaxPrimeBits = 50;  ///< primes are below 2^50
  static constexpr std::size_t kMaxPrimes = 128;
  /// A digit may exceed P by this many bits. Key-switching noise grows with digit / P, but after a
  /// product it arises at the product's scale and is divided by the rescale that follows, so that P
  /// well below the digits costs nothing there; the compiler picks the smallest P its noise model
  /// allows. Beyond this slack no rescale saves the message.
  static constexpr double kDigitSlackBits = 40.0;

  /// Throws base::Error: kInvalidArgument for a malformed literal, kSecurity when log QP exceeds
  /// the 2024 table for `literal.security`; messages name the value, the limit and the remedy.
  static Parameters create(const ParametersLiteral& literal);
  /// The same checks of form, any log_n from 5, no security: for unit tests of small sizes.
  /// Programs, client, server and command line refuse the result by is_insecure().
  static Parameters create_insecure_for_tests(const ParametersLiteral& literal);

  const ParametersLiteral& literal() const { return literal_; }
  base::RingKind ring() const { return literal_.ring; }
  unsigned log_n() const { return literal_.log_n; }
  std::size_t n() const { return std::size_t{1} << literal_.log_n; }
  /// N/2 complex slots in the standard ring, N real ones in the conjugate-invariant ring.
  std::size_t slots() const { return ring() == base::RingKind::kStandard ? n() / 2 : n(); }
  const std::vector<std::uint64_t>& q() const { return literal_.q; }
  const std::vector<std::uint64_t>& p() const { return literal_.p; }
  base::Level max_level() const { return {static_cast<unsigned>(literal_.q.size() - 1)}; }

  unsigned digit_primes() const { return literal_.digit_primes; }
  /// Key-switching digits of a value at `level`; 0 without special primes.
  std::size_t digits(base::Level level) const;

  /// log2 of q_0···q_level, of P and of everything.
  double log_q(base::Level level) const;
  double log_q() const { return log_q(max_level()); }
  double log_p() const { return log_p_; }
  double log_qp() const { return log_q() + log_p_; }

  bool is_insecure() const { return insecure_; }
  SecurityLevel security() const { return literal_.security; }
  /// Bits of log QP that the table would still allow at security(); negative for insecure sets.
  double margin_bits() const { return max_log_qp(log_n(), security()) - log_qp(); }

  const ParameterId& id() const { return id_; }
  bool operator==(const Parameters& other) const { return id_ == other.id_; }

 private:
  Parameters(const ParametersLiteral& literal, bool insecure);

  ParametersLiteral literal_;
  bool insecure_ = false;
  std::vector<double> log_q_;  ///< by level
  double log_p_ = 0;
  ParameterId id_{};
};

/// 2N or 4N: what primes of this ring are 1 modulo.
std::uint64_t prime_congruence(base::RingKind ring, unsigned log_n);

/// One prime near 2^size for every size asked, in that order, all distinct, none in `exclude`: the
/// nearest first. Throws base::Error(kInvalidArgument) when the ring has too few of a size.
std::vector<std::uint64_t> choose_primes(base::RingKind ring, unsigned log_n,
                                         const std::vector<double>& log2_sizes,
                                         const std::vector<std::uint64_t>& exclude = {});

}  // namespace serdab::ckks_params
