#pragma once

namespace serdab::base {

/// Which ring of dimension N polynomials live in (docs/notes/rings.md).
enum class RingKind : unsigned char {
  kStandard = 0,            ///< Z[X]/(X^N + 1): N/2 complex slots; primes are 1 mod 2N
  kConjugateInvariant = 1,  ///< Z[X + 1/X]/(X^2N + 1): N real slots; primes are 1 mod 4N
};

}  // namespace serdab::base
