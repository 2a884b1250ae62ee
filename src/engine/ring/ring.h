#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/arith/modulus.h"
#include "engine/base/ring_kind.h"
#include "engine/base/units.h"
#include "engine/kernels/ntt_tables.h"

namespace serdab::ring {

using arith::Modulus;
using kernels::NttTables;

class RnsBasis;

/// One ring of dimension n = 2^log_n with all its primes: q_0 … q_L (indices 0 … L), then the
/// special primes p_0 … p_{K-1} (indices L+1 …), each with its transform tables, built once.
/// Immutable; const access may be shared between threads. Lives longer than every RnsBasis made
/// from it.
class Ring {
 public:
  /// Primes as checked by ckks_params; the constructor trusts them.
  Ring(base::RingKind kind, unsigned log_n, std::span<const std::uint64_t> q,
       std::span<const std::uint64_t> p);
  /// The subring of polynomials in X^(2^log_repeats) of another ring, as a ring of its own.
  Ring(const Ring& whole, unsigned log_repeats);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  base::RingKind kind() const { return kind_; }
  unsigned log_n() const { return log_n_; }
  std::size_t n() const { return std::size_t{1} << log_n_; }
  std::size_t q_count() const { return q_count_; }
  std::size_t p_count() const { return tables_.size() - q_count_; }
  std::size_t prime_count() const { return tables_.size(); }

  const Modulus& modulus(std::size_t prime) const { return tables_[prime]->modulus(); }
  const NttTables& ntt(std::size_t prime) const { return *tables_[prime]; }
  /// q_a^-1 mod q_b; 0 for a = b.
  std::uint64_t inverse(std::size_t a, std::size_t b) const {
    return inverses_[a * prime_count() + b];
  }

  /// q_0 … q_level.
  RnsBasis basis(base::Level level) const;
  /// q_0 … q_level, then all of P.
  RnsBasis basis_qp(base::Level level) const;

 private:
  base::RingKind kind_;
  unsigned log_n_;
  std::size_t q_count_;
  std::vector<std::unique_ptr<NttTables>> tables_;
  std::vector<std::uint64_t> inverses_;
};

/// The primes that a polynomial's limbs belong to, in order: a prefix of Q and all or nothing of P.
/// A small value that points into its Ring.
class RnsBasis {
 public:
  RnsBasis(const Ring& ring, std::size_t q_limbs, std::size_t p_limbs)
      : ring_(&ring), q_limbs_(q_limbs), p_limbs_(p_limbs) {}

  const Ring& ring() const { return *ring_; }
  std::size_t n() const { return ring_->n(); }
  std::size_t size() const { return q_limbs_ + p_limbs_; }
  std::size_t q_limbs() const { return q_limbs_; }
  std::size_t p_limbs() const { return p_limbs_; }
  /// Index in the ring of the prime of limb i.
  std::size_t prime(std::size_t i) const {
    return i < q_limbs_ ? i : ring_->q_count() + (i - q_limbs_);
  }
  /// The ring's indices of the last `count` primes of this basis.
  std::vector<std::size_t> last(std::size_t count) const {
    std::vector<std::size_t> primes;
    for (std::size_t i = size() - count; i < size(); ++i) primes.push_back(prime(i));
    return primes;
  }
  const Modulus& modulus(std::size_t i) const { return ring_->modulus(prime(i)); }
  const NttTables& ntt(std::size_t i) const { return ring_->ntt(prime(i)); }

 private:
  const Ring* ring_;
  std::size_t q_limbs_, p_limbs_;
};

}  // namespace serdab::ring
