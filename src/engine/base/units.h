#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace serdab::base {

/// Index of the last prime of Q that a value still has: level 0 is one prime, level L is L + 1
/// primes.
struct Level {
  unsigned value = 0;
  constexpr std::size_t primes() const { return std::size_t{value} + 1; }
  constexpr auto operator<=>(const Level&) const = default;
};

/// The factor by which a message is multiplied before rounding. Scales are compared exactly, so
/// they must be computed by the same operations in the same order wherever they are predicted:
/// these ones.
struct Scale {
  double value = 1.0;
  constexpr auto operator<=>(const Scale&) const = default;
};
constexpr Scale operator*(Scale a, Scale b) { return {a.value * b.value}; }
/// Rescaling by one prime; by several, once for each, last prime first.
constexpr Scale rescaled(Scale a, std::uint64_t prime) {
  return {a.value / static_cast<double>(prime)};
}

/// The exponent g of an automorphism X -> X^g; odd.
struct GaloisElement {
  std::uint64_t value = 1;
  constexpr auto operator<=>(const GaloisElement&) const = default;
};

}  // namespace serdab::base
