#pragma once

#include "engine/kernels/avx512ifma/source.h"
#include "engine/kernels/ntt_tables.h"

/// The conjugate-invariant ring's change of basis before and after the tree (docs/notes/rings.md).
/// Positions i and N − i go together: the vector at i meets the one that ends at N − i, reversed.
/// The pairs i = 1 … N/2 − 1 do not fill whole vectors, so the last vector overlaps the one before;
/// it is read first.
namespace serdab::kernels::avx512ifma {

alignas(64) constexpr std::uint64_t kReverse[8] = {7, 6, 5, 4, 3, 2, 1, 0};

/// Calls pair(low, high) for the vectors that cover positions 1 … N/2 − 1 and their partners, both
/// in the order of the low ones; it replaces both. `in` may be out.
template <typename V, typename Load, typename Pair>
inline void for_mirrored(const Load& load, const std::uint64_t* in, std::uint64_t* out,
                         std::size_t n, const Pair& pair) {
  const auto reverse = V::load(kReverse);
  const auto partner = [&](std::size_t i) { return n - i - (V::kLanes - 1); };
  const std::size_t last = n / 2 - V::kLanes;
  auto last_low = load(in + last);
  auto last_high = V::permute(load(in + partner(last)), reverse);
  for (std::size_t i = 1; i < last; i += V::kLanes) {
    auto low = load(in + i);
    auto high = V::permute(load(in + partner(i)), reverse);
    pair(low, high);
    V::store(out + i, low);
    V::store(out + partner(i), V::permute(high, reverse));
  }
  pair(last_low, last_high);
  V::store(out + last, last_low);
  V::store(out + partner(last), V::permute(last_high, reverse));
}

/// c_0 = a_0, c_i = a_i − I·a_{N−i}, with a_i below 2^51 as `load` reads them: the result is below
/// 2^51 + 2q <= 2^52.
template <typename V, typename Load>
void fold(const NttTables& tables, const Prime<V>& p, const Load& load, const std::uint64_t* in,
          std::uint64_t* out) {
  using Vec = typename V::Vec;
  const arith::Modulus& q = tables.modulus();
  const std::size_t n = tables.n();
  const Factor<V> imaginary = make_factor<V>(tables.imaginary().value, q.value());
  // Alone and unpaired: positions 0 and N/2.
  alignas(64) std::uint64_t first[V::kLanes], middle[V::kLanes];
  V::store(first, load(in));
  V::store(middle, load(in + n / 2));
  for_mirrored<V>(load, in, out, n, [&](Vec& low, Vec& high) {
    const Vec folded = V::sub(V::add(low, p.twice), product<V>(high, imaginary, p));
    high = V::sub(V::add(high, p.twice), product<V>(low, imaginary, p));
    low = folded;
  });
  const std::uint64_t turned = arith::mul_mod(middle[0], tables.imaginary(), q.value());
  out[0] = first[0];
  out[n / 2] = middle[0] + q.value() - turned;
}

/// a_0 = c_0/N, a_i = (c_i + I·c_{N−i})/(2N): values to words in [0, q).
template <typename V>
void unfold_and_scale(const NttTables& tables, const Prime<V>& p, std::uint64_t* c) {
  using Vec = typename V::Vec;
  const arith::Modulus& q = tables.modulus();
  const std::size_t n = tables.n();
  const std::uint64_t real = arith::mul_mod(tables.inverse_n().value, tables.half(), q.value());
  const Factor<V> w = make_factor<V>(real, q.value());
  const Factor<V> w_i =
      make_factor<V>(arith::mul_mod(real, tables.imaginary(), q.value()), q.value());
  const std::uint64_t first = arith::mul_mod(c[0] & kMask52, tables.inverse_n(), q.value());
  // c_{N/2} = a_{N/2}·(1 − I), and (1 − I)(1 + I) = 2.
  const std::uint64_t middle = arith::mul_mod(c[n / 2] & kMask52, tables.inverse_n(), q.value());
  const std::uint64_t turned = arith::mul_mod(middle, tables.imaginary(), q.value());
  for_mirrored<V>(FromWords<V>(), c, c, n, [&](Vec& low, Vec& high) {
    const Vec unfolded = canonical<V>(V::add(product<V>(low, w, p), product<V>(high, w_i, p)), p);
    high = canonical<V>(V::add(product<V>(high, w, p), product<V>(low, w_i, p)), p);
    low = unfolded;
  });
  c[0] = first;
  c[n / 2] = arith::mul_mod(arith::add_mod(middle, turned, q), tables.half(), q.value());
}

}  // namespace serdab::kernels::avx512ifma
