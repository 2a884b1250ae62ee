#include "engine/kernels/ntt_tables.h"

#include <string>

#include "engine/arith/primes.h"
#include "engine/base/error.h"

namespace serdab::kernels {
namespace {

constexpr unsigned kMinLogN = 2;
constexpr unsigned kMaxLogN = 17;
constexpr unsigned kMaxPrimeBits = 50;

std::size_t reverse_bits(std::size_t value, unsigned bits) {
  std::size_t result = 0;
  for (unsigned i = 0; i < bits; ++i) result |= ((value >> i) & 1) << (bits - 1 - i);
  return result;
}

void check(const arith::Modulus& q, base::RingKind ring, unsigned log_n) {
  const std::string what =
      "NTT of size 2^" + std::to_string(log_n) + " modulo " + std::to_string(q.value()) + ": ";
  if (log_n < kMinLogN || log_n > kMaxLogN) {
    base::fail(base::ErrorCode::kInvalidArgument, what + "sizes run from 2^2 to 2^17");
  }
  if (q.bits() > kMaxPrimeBits) {
    base::fail(base::ErrorCode::kInvalidArgument, what + "primes are below 2^50");
  }
  const bool standard = ring == base::RingKind::kStandard;
  const std::uint64_t order = std::uint64_t{1} << (log_n + (standard ? 1 : 2));
  if (q.value() % order != 1) {
    base::fail(base::ErrorCode::kInvalidArgument,
               what + (standard ? "the standard ring" : "the conjugate-invariant ring") +
                   " needs a prime that is 1 mod " + std::to_string(order));
  }
  if (!arith::is_prime(q.value())) {
    base::fail(base::ErrorCode::kInvalidArgument, what + "the modulus is not prime");
  }
}

/// See NttTables::forward_doubles.
base::Buffer<double> centred_doubles(const base::Buffer<std::uint64_t>& twiddles,
                                     const arith::Modulus& q) {
  const std::size_t n = twiddles.size();
  base::Buffer<double> result(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto w = static_cast<std::int64_t>(twiddles[i]);
    const auto modulus = static_cast<std::int64_t>(q.value());
    const bool paired = n >= 16 && i >= n / 2;
    const std::size_t place = paired ? i / 8 * 8 + i % 2 * 4 + i % 8 / 2 : i;
    result[place] = static_cast<double>(w > modulus / 2 ? w - modulus : w);
  }
  return result;
}

}  // namespace

namespace {

// The tree of X^size + 1 has, at entry j, the factor root^bitrev(j); the conjugate-invariant ring
// walks the left half of the tree of twice its size.
unsigned tree_log_of(base::RingKind ring, unsigned log_n) {
  return ring == base::RingKind::kStandard ? log_n : log_n + 1;
}

std::uint64_t smallest_root(const arith::Modulus& q, base::RingKind ring, unsigned log_n) {
  check(q, ring, log_n);
  return arith::minimal_primitive_root(std::uint64_t{1} << (tree_log_of(ring, log_n) + 1), q);
}

}  // namespace

NttTables::NttTables(const arith::Modulus& q, base::RingKind ring, unsigned log_n)
    : NttTables(q, ring, log_n, smallest_root(q, ring, log_n)) {}

NttTables::NttTables(const NttTables& whole, unsigned log_repeats)
    : NttTables(whole.modulus(), whole.ring(), whole.log_n() - log_repeats,
                arith::pow_mod(whole.root(), std::uint64_t{1} << log_repeats, whole.modulus())) {}

NttTables::NttTables(const arith::Modulus& q, base::RingKind ring, unsigned log_n,
                     std::uint64_t root)
    : modulus_(q), ring_(ring), log_n_(log_n), root_(root) {
  check(q, ring, log_n);
  const bool standard = ring == base::RingKind::kStandard;
  const unsigned tree_log = tree_log_of(ring, log_n);
  const std::size_t tree_size = std::size_t{1} << tree_log;
  base::Buffer<std::uint64_t> powers(tree_size);
  const arith::ShoupFactor step(root_, q);
  powers[0] = 1;
  for (std::size_t i = 1; i < tree_size; ++i) {
    powers[i] = arith::mul_mod(powers[i - 1], step, q.value());
  }

  forward_ = base::Buffer<std::uint64_t>::zeroed(n());
  forward_ratio_ = base::Buffer<std::uint64_t>::zeroed(n());
  inverse_ = base::Buffer<std::uint64_t>::zeroed(n());
  inverse_ratio_ = base::Buffer<std::uint64_t>::zeroed(n());
  for (std::size_t blocks = 1; blocks < n(); blocks *= 2) {
    for (std::size_t i = 0; i < blocks; ++i) {
      const std::size_t entry = (standard ? blocks : 2 * blocks) + i;
      const std::size_t exponent = reverse_bits(entry, tree_log);
      const arith::ShoupFactor w(powers[exponent], q);
      // root^tree_size = −1, and the exponent of a used entry is never 0.
      const arith::ShoupFactor w_inverse(q.value() - powers[tree_size - exponent], q);
      forward_[blocks + i] = w.value;
      forward_ratio_[blocks + i] = w.quotient >> 12;
      inverse_[blocks + i] = w_inverse.value;
      inverse_ratio_[blocks + i] = w_inverse.quotient >> 12;
    }
  }
  inverse_n_ = arith::ShoupFactor(arith::inverse_mod(n(), q), q);
  if (!standard) {
    imaginary_ = arith::ShoupFactor(arith::pow_mod(root_, n(), q), q);
    half_ = arith::ShoupFactor((q.value() + 1) / 2, q);
  }
}

const NttTables::Doubles& NttTables::doubles() const {
  std::call_once(doubles_made_, [this] {
    doubles_ = {centred_doubles(forward_, modulus_), centred_doubles(inverse_, modulus_)};
  });
  return doubles_;
}

}  // namespace serdab::kernels
