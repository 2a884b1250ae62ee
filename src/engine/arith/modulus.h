#pragma once

#include <cstdint>

#include "engine/arith/wide.h"

namespace serdab::arith {

/// A prime (or any odd) modulus 2 < q < 2^62 with what fast reduction needs. Immutable value;
/// ranges are [0, q) unless a function says otherwise.
class Modulus {
 public:
  Modulus() = default;
  /// Throws base::Error(kInvalidArgument) when q is even, below 3 or not below 2^62.
  explicit Modulus(std::uint64_t q);

  std::uint64_t value() const { return value_; }
  /// ceil(log2 q): 50 for a prime just below 2^50.
  unsigned bits() const { return bits_; }
  /// floor(2^128 / q), high and low word: Barrett reduction of 128-bit values.
  std::uint64_t ratio_high() const { return ratio_high_; }
  std::uint64_t ratio_low() const { return ratio_low_; }

  bool operator==(const Modulus& other) const { return value_ == other.value_; }

 private:
  std::uint64_t value_ = 0;
  std::uint64_t ratio_high_ = 0;
  std::uint64_t ratio_low_ = 0;
  unsigned bits_ = 0;
};

// Masks instead of branches: residues are random, and so would be the branches.
inline std::uint64_t add_mod(std::uint64_t a, std::uint64_t b, const Modulus& q) {
  const std::uint64_t difference = a + b - q.value();
  return difference + (q.value() & (std::uint64_t{0} - (difference >> 63)));
}
inline std::uint64_t sub_mod(std::uint64_t a, std::uint64_t b, const Modulus& q) {
  const std::uint64_t difference = a - b;
  return difference + (q.value() & (std::uint64_t{0} - (difference >> 63)));
}
inline std::uint64_t negate_mod(std::uint64_t a, const Modulus& q) {
  return a == 0 ? 0 : q.value() - a;
}

/// Any 64-bit value to [0, q).
std::uint64_t reduce(std::uint64_t a, const Modulus& q);
/// Any 128-bit value to [0, q), by Barrett reduction.
std::uint64_t reduce(Wide a, const Modulus& q);
/// A signed value to its residue in [0, q).
std::uint64_t reduce_signed(std::int64_t a, const Modulus& q);

std::uint64_t mul_mod(std::uint64_t a, std::uint64_t b, const Modulus& q);
std::uint64_t pow_mod(std::uint64_t base, std::uint64_t exponent, const Modulus& q);
/// Inverse for prime q; throws base::Error(kInvalidArgument) for a = 0.
std::uint64_t inverse_mod(std::uint64_t a, const Modulus& q);

/// A fixed factor w in [0, q) with floor(w·2^64/q): Shoup, "NTL"; products cost two
/// multiplications.
struct ShoupFactor {
  std::uint64_t value = 0;
  std::uint64_t quotient = 0;
  ShoupFactor() = default;
  ShoupFactor(std::uint64_t w, const Modulus& q);
};
/// a·w mod q in [0, 2q), for any 64-bit a.
inline std::uint64_t mul_mod_lazy(std::uint64_t a, const ShoupFactor& w, std::uint64_t q) {
  return a * w.value - high_product(a, w.quotient) * q;
}
/// a·w mod q in [0, q), for any 64-bit a.
inline std::uint64_t mul_mod(std::uint64_t a, const ShoupFactor& w, std::uint64_t q) {
  const std::uint64_t r = mul_mod_lazy(a, w, q) - q;
  return r + (q & (std::uint64_t{0} - (r >> 63)));
}

}  // namespace serdab::arith
