#pragma once

#include "engine/kernels/avx512ifma/residues.h"
#include "engine/kernels/ntt_tables.h"

/// The conjugate-invariant ring's change of basis before and after the tree (docs/notes/rings.md).
/// Positions i and N − i go together: the vector at i meets the one that ends at N − i, reversed.
/// The pairs i = 1 … N/2 − 1 do not fill whole vectors, so the last vector overlaps the one before;
/// it is read first.
namespace serdab::kernels::avx512ifma {

alignas(64) constexpr std::uint64_t kReverse[8] = {7, 6, 5, 4, 3, 2, 1, 0};

/// Calls pair(low, high) for the vectors that cover positions 1 … N/2 − 1 and their partners, both
/// in the order of the low ones; it replaces both.
template <typename V, typename Pair>
inline void for_mirrored(std::uint64_t* a, std::size_t n, const Pair& pair) {
  const auto reverse = V::load(kReverse);
  const auto partner = [&](std::size_t i) { return a + n - i - (V::kLanes - 1); };
  const std::size_t last = n / 2 - V::kLanes;
  auto last_low = V::load(a + last);
  auto last_high = V::permute(V::load(partner(last)), reverse);
  for (std::size_t i = 1; i < last; i += V::kLanes) {
    auto low = V::load(a + i);
    auto high = V::permute(V::load(partner(i)), reverse);
    pair(low, high);
    V::store(a + i, low);
    V::store(partner(i), V::permute(high, reverse));
  }
  pair(last_low, last_high);
  V::store(a + last, last_low);
  V::store(partner(last), V::permute(last_high, reverse));
}

/// c_0 = a_0, c_i = a_i − I·a_{N−i}: values in [0, q) to [0, 3q).
template <typename V>
void fold(const NttTables& tables, const Prime<V>& p, std::uint64_t* a) {
  using Vec = typename V::Vec;
  const arith::Modulus& q = tables.modulus();
  const std::size_t n = tables.n();
  const Factor<V> imaginary = make_factor<V>(tables.imaginary().value, q.value());
  const std::uint64_t middle = a[n / 2];
  for_mirrored<V>(a, n, [&](Vec& low, Vec& high) {
    const Vec folded = V::sub(V::add(low, p.twice), product<V>(high, imaginary, p));
    high = V::sub(V::add(high, p.twice), product<V>(low, imaginary, p));
    low = folded;
  });
  a[n / 2] = arith::sub_mod(middle, arith::mul_mod(middle, tables.imaginary(), q.value()), q);
}

/// a_0 = c_0/N, a_i = (c_i + I·c_{N−i})/(2N): values in [0, 2q) to [0, q).
template <typename V>
void unfold_and_scale(const NttTables& tables, const Prime<V>& p, std::uint64_t* c) {
  using Vec = typename V::Vec;
  const arith::Modulus& q = tables.modulus();
  const std::size_t n = tables.n();
  const std::uint64_t real = arith::mul_mod(tables.inverse_n().value, tables.half(), q.value());
  const Factor<V> w = make_factor<V>(real, q.value());
  const Factor<V> w_i =
      make_factor<V>(arith::mul_mod(real, tables.imaginary(), q.value()), q.value());
  const std::uint64_t first = arith::mul_mod(c[0], tables.inverse_n(), q.value());
  // c_{N/2} = a_{N/2}·(1 − I), and (1 − I)(1 + I) = 2.
  const std::uint64_t middle = arith::mul_mod(c[n / 2], tables.inverse_n(), q.value());
  const std::uint64_t turned = arith::mul_mod(middle, tables.imaginary(), q.value());
  for_mirrored<V>(c, n, [&](Vec& low, Vec& high) {
    const Vec unfolded = canonical<V>(V::add(product<V>(low, w, p), product<V>(high, w_i, p)), p);
    high = canonical<V>(V::add(product<V>(high, w, p), product<V>(low, w_i, p)), p);
    low = unfolded;
  });
  c[0] = first;
  c[n / 2] = arith::mul_mod(arith::add_mod(middle, turned, q), tables.half(), q.value());
}

}  // namespace serdab::kernels::avx512ifma
