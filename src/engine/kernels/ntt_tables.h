#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "engine/arith/modulus.h"
#include "engine/base/buffer.h"
#include "engine/base/ring_kind.h"

namespace serdab::kernels {

/// Twiddle factors of one (prime, ring, N) in the forms that the instruction sets use. Immutable
/// for callers, thread-safe.
///
/// Standard ring: negacyclic transform of size N; psi is the minimal primitive 2N-th root.
/// Conjugate-invariant ring of dimension N: with zeta the minimal primitive 4N-th root and I =
/// zeta^N, an element a_0 + Σ a_i (X^i + X^-i) is folded to c_i = a_i − I·a_{N−i} (c_0 = a_0) and
/// transformed by the same butterfly tree started at X^N − I, which is the left half of the tree of
/// size 2N (docs/notes/rings.md). Tables differ, kernels do not.
///
/// Position of the values: standard ring as in SEAL, position bitrev(i, log N) holds a(psi^(2i+1));
/// conjugate-invariant ring: position bitrev(i, log N) holds a(zeta^(4i+1)).
class NttTables {
 public:
  NttTables(const arith::Modulus& q, base::RingKind ring, unsigned log_n);
  /// Of the subring of polynomials in X^r, r = 2^log_repeats, of the ring of `whole`, as a ring of
  /// its own: the root is the r-th power of the other, and `whole` has every value r times in turn.
  NttTables(const NttTables& whole, unsigned log_repeats);

  const arith::Modulus& modulus() const { return modulus_; }
  base::RingKind ring() const { return ring_; }
  unsigned log_n() const { return log_n_; }
  std::size_t n() const { return std::size_t{1} << log_n_; }
  /// The primitive 2N-th (standard) or 4N-th (conjugate-invariant) root used.
  std::uint64_t root() const { return root_; }

  /// Tree twiddles w, entry m + i for block i of the layer with m blocks (entry 0 unused), and
  /// their Shoup quotients floor(w·2^52/q).
  const std::uint64_t* forward() const { return forward_.data(); }
  const std::uint64_t* forward_ratio() const { return forward_ratio_.data(); }
  const std::uint64_t* inverse() const { return inverse_.data(); }
  const std::uint64_t* inverse_ratio() const { return inverse_ratio_.data(); }
  /// The same twiddles centred, in [−q/2, q/2), as doubles for kernels that multiply with FMA. In
  /// the last layer (entries N/2 …) each group of 8 stands even entries first: 0 2 4 6 1 3 5 7.
  /// Made at the first call, since other kernels never ask for them.
  const double* forward_doubles() const { return doubles().forward.data(); }
  const double* inverse_doubles() const { return doubles().inverse.data(); }
  /// N^-1 mod q.
  const arith::ShoupFactor& inverse_n() const { return inverse_n_; }
  /// I = zeta^N mod q (a square root of −1) and 1/2 mod q, for folding; conjugate-invariant ring
  /// only.
  const arith::ShoupFactor& imaginary() const { return imaginary_; }
  const arith::ShoupFactor& half() const { return half_; }

 private:
  NttTables(const arith::Modulus& q, base::RingKind ring, unsigned log_n, std::uint64_t root);

  arith::Modulus modulus_;
  base::RingKind ring_;
  unsigned log_n_;
  std::uint64_t root_ = 0;
  base::Buffer<std::uint64_t> forward_, forward_ratio_, inverse_, inverse_ratio_;
  struct Doubles {
    base::Buffer<double> forward, inverse;
  };
  const Doubles& doubles() const;
  mutable std::once_flag doubles_made_;
  mutable Doubles doubles_;
  arith::ShoupFactor inverse_n_, imaginary_, half_;
};

}  // namespace serdab::kernels
