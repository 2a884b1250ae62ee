#pragma once

#include "engine/kernels/avx2/doubles.h"
#include "engine/kernels/ntt_tables.h"

/// The conjugate-invariant ring's change of basis before and after the tree (docs/notes/rings.md).
/// Positions i and N − i go together; the vector at i = 1 … 4 meets the one at N − 4 … N − 1
/// reversed.
namespace serdab::kernels::avx2 {
namespace {

inline Vec reverse(Vec x) { return _mm256_permute4x64_pd(x, 0x1b); }

/// What `load` reads at `in` to doubles: c_0 = a_0, c_i = a_i − I·a_{N−i}, within c + product(c)
/// for a within c. `in` may be out.
template <typename Load>
void fold(const NttTables& tables, const Prime& p, const Load& load, const std::uint64_t* in,
          std::uint64_t* out) {
  const std::size_t n = tables.n();
  const Factor imaginary = make_factor(set1_centred(tables.imaginary().value, tables.modulus()), p);
  // Loads 4 words on each side of the pairs i = 1 … n/2 − 1; the last vector overlaps those before
  // it and would fold them twice, so both sides of it are loaded first and written last.
  const std::size_t last = n / 2 - kLanes;  // covers last … n/2 − 1 and n/2 + 1 … n − last
  const Vec last_low = load(in + last);
  const Vec last_high = reverse(load(in + n / 2 + 1));
  const Vec first_word = load(in);
  Vec middle = load(in + n / 2);
  for (std::size_t i = 1; i < last; i += kLanes) {
    const Vec low = load(in + i);
    const Vec high = reverse(load(in + n - i - 3));
    store_doubles(out + i, _mm256_sub_pd(low, product(high, imaginary, p)));
    store_doubles(out + n - i - 3, reverse(_mm256_sub_pd(high, product(low, imaginary, p))));
  }
  const Vec low = _mm256_sub_pd(last_low, product(last_high, imaginary, p));
  const Vec high = _mm256_sub_pd(last_high, product(last_low, imaginary, p));
  middle = _mm256_sub_pd(middle, product(middle, imaginary, p));
  store_doubles(out + last, low);
  store_doubles(out + n / 2 + 1, reverse(high));
  _mm_store_sd(reinterpret_cast<double*>(out + n / 2), _mm256_castpd256_pd128(middle));
  _mm_store_sd(reinterpret_cast<double*>(out), _mm256_castpd256_pd128(first_word));
}

/// Doubles within ±limit·q (Bounds) to canonical words: a_0 = c_0/N, a_i = (c_i + I·c_{N−i})/(2N).
inline void unfold_and_scale(const NttTables& tables, const Prime& p, std::uint64_t* c) {
  const std::size_t n = tables.n();
  const arith::Modulus& q = tables.modulus();
  const std::uint64_t real = arith::mul_mod(tables.inverse_n().value, tables.half(), q.value());
  const Factor w = make_factor(set1_centred(real, q), p);
  const Factor w_i =
      make_factor(set1_centred(arith::mul_mod(real, tables.imaginary(), q.value()), q), p);
  const Factor w_0 = make_factor(set1_centred(tables.inverse_n().value, q), p);
  const auto unfolded = [&](Vec x, Vec y) {
    return centre(_mm256_add_pd(product(x, w, p), product(y, w_i, p)), p);
  };
  const std::size_t last = n / 2 - kLanes;
  const Vec last_low = load_doubles(c + last);
  const Vec last_high = reverse(load_doubles(c + n / 2 + 1));
  const Vec first_word = product(load_doubles(c), w_0, p);
  const Vec middle_word = load_doubles(c + n / 2);
  for (std::size_t i = 1; i < last; i += kLanes) {
    const Vec low = load_doubles(c + i);
    const Vec high = reverse(load_doubles(c + n - i - 3));
    store_wrapped(c + i, unfolded(low, high), p.q);
    store_wrapped(c + n - i - 3, reverse(unfolded(high, low)), p.q);
  }
  store_wrapped(c + last, unfolded(last_low, last_high), p.q);
  store_wrapped(c + n / 2 + 1, reverse(unfolded(last_high, last_low)), p.q);
  const auto store_one = [&](std::uint64_t* place, Vec x) {
    alignas(32) std::uint64_t words[kLanes];
    store_wrapped(words, x, p.q);
    *place = words[0];
  };
  store_one(c + n / 2, unfolded(middle_word, middle_word));
  store_one(c, first_word);
}

}  // namespace
}  // namespace serdab::kernels::avx2
