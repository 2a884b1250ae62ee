#pragma once

// Small rings for the tests of this room; no security whatsoever.

#include <vector>

#include "engine/arith/primes.h"
#include "engine/ring/ring.h"
#include "engine/ring/rns_poly.h"
#include "engine/ring/sample.h"

namespace serdab::ring::testing_only {

/// A toy ring with q_count primes of `bits` bits and p_count special ones.
inline std::unique_ptr<Ring> toy_ring(base::RingKind kind, unsigned log_n, std::size_t q_count,
                                      std::size_t p_count, double bits = 30) {
  const std::uint64_t congruence = std::uint64_t{kind == base::RingKind::kStandard ? 2u : 4u}
                                   << log_n;
  auto q = arith::find_ntt_primes(bits, congruence, q_count + p_count);
  const std::vector<std::uint64_t> p(q.begin() + static_cast<std::ptrdiff_t>(q_count), q.end());
  q.resize(q_count);
  return std::make_unique<Ring>(kind, log_n, q, p);
}

inline RnsPoly<Ntt> random_poly(const RnsBasis& basis, std::uint64_t number) {
  return uniform(basis, sampling::Seed::insecure_for_tests(number), 0);
}

/// Residues of integers, limb by limb.
inline RnsPoly<Coeff> from_integers(const RnsBasis& basis, const std::vector<__int128>& values) {
  RnsPoly<Coeff> poly(basis.n(), basis.size());
  for (std::size_t i = 0; i < basis.size(); ++i) {
    const auto q = static_cast<__int128>(basis.modulus(i).value());
    for (std::size_t c = 0; c < basis.n(); ++c) {
      poly.limb(i)[c] = static_cast<std::uint64_t>((values[c] % q + q) % q);
    }
  }
  return poly;
}

}  // namespace serdab::ring::testing_only
