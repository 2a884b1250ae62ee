#pragma once

#include <cstdint>

#include "engine/base/buffer.h"
#include "engine/base/units.h"
#include "engine/kernels/operands.h"
#include "engine/ring/ring.h"
#include "engine/ring/rns_poly.h"

namespace serdab::ring {

/// 2N in the standard ring, 4N in the conjugate-invariant ring: exponents of X are modulo this.
std::uint64_t exponent_modulus(base::RingKind kind, unsigned log_n);

/// The Galois element 3^steps: rotates slots by `steps`, slot i taking what slot i + steps held.
/// Any sign.
base::GaloisElement rotation_element(base::RingKind kind, unsigned log_n, long steps);
/// −1: complex conjugation; the standard ring only (in the other ring it changes nothing).
base::GaloisElement conjugation_element(unsigned log_n);
/// The inverse modulo exponent_modulus: undoes the automorphism.
base::GaloisElement inverse_element(base::RingKind kind, unsigned log_n, base::GaloisElement g);

/// X → X^g on values: a permutation of positions, the same for every prime. The value at exponent e
/// becomes the one at e·g; in the conjugate-invariant ring exponents e and −e hold the same value.
/// In bit-reversed order aligned blocks of eight stay together (docs/notes/automorphism-blocks.md):
/// the table has one entry a block. Throws base::Error(kInvalidArgument) for even g or g beyond
/// exponent_modulus. log_n is at least 4. Immutable, shareable.
class Automorphism {
 public:
  Automorphism(base::RingKind kind, unsigned log_n, base::GaloisElement g);

  base::GaloisElement element() const { return element_; }
  /// Points into this object.
  kernels::Permutation moves() const { return {blocks_.data(), lanes_.data()}; }
  /// out = a(X^g), limb by limb; `out` is not `a`.
  void apply(const RnsBasis& basis, const RnsPoly<Ntt>& a, RnsPoly<Ntt>& out) const;

 private:
  using Lanes = std::uint64_t[8];
  base::GaloisElement element_;
  base::Buffer<std::uint32_t> blocks_;
  base::Buffer<Lanes> lanes_;
};

}  // namespace serdab::ring
