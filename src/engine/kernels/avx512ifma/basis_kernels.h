#pragma once

#include "engine/kernels/avx512ifma/sums_kernels.h"

namespace serdab::kernels::avx512ifma {

/// Exact base conversion: strips of columns, whose mixed-radix digits wait in L1 for all targets.
template <typename V>
struct Basis {
  using Vec = typename V::Vec;
  using Accumulator = typename Sums<V>::Accumulator;
  using Target = typename Sums<V>::Target;
  static constexpr std::size_t kLanes = V::kLanes;
  static constexpr std::size_t kMaxSources = 64;
  static constexpr std::size_t kStrip = 32;
  using Digits = std::uint64_t[kMaxSources][kStrip];

  /// Digit i in [0, m_i). While it is made, x < 2·m_i; the multiple of m_i that keeps x − d_j
  /// positive is below m_j + m_i, and everything below 4·2^50.
  static void make_digit(const BasisChange& change, std::size_t i, std::size_t column,
                         std::size_t width, Digits& digits) {
    const Modulus& m = *change.moduli[i];
    const Prime<V> p(m);
    const Vec shift = V::set1(change.shifts == nullptr ? 0 : change.shifts[i]);
    for (std::size_t c = 0; c < width; c += kLanes) {
      Vec x = subtract_once<V>(V::add(V::load(change.in[i] + column + c), shift), p.q);
      for (std::size_t j = 0; j < i; ++j) {
        const std::uint64_t lift = (change.moduli[j]->value() / m.value() + 1) * m.value();
        const Factor<V> inverse =
            make_factor<V>(change.inverses[i * change.sources + j], m.value());
        const Vec raised = V::add(x, V::set1(lift));
        x = product<V>(V::sub(raised, V::load(digits[j] + c)), inverse, p);
      }
      V::store(digits[i] + c, subtract_once<V>(x, p.q));
    }
  }

  static void convert(const BasisTarget& target, std::size_t sources, const Digits& digits,
                      std::size_t column, std::size_t width) {
    const Target reduction(*target.q);
    for (std::size_t c = 0; c < width; c += kLanes) {
      Accumulator sum = {V::set1(target.offset), reduction.p.zero};
      for (std::size_t i = 0; i < sources; ++i) {
        sum.add(V::load(digits[i] + c), V::set1(target.factors[i]));
      }
      reduction.store(target.out + column + c, sum);
    }
  }

  static void change_basis(const BasisChange& change, std::size_t n) {
    SERDAB_ASSERT(change.sources >= 1 && change.sources <= kMaxSources && n % 16 == 0);
    alignas(64) Digits digits;
    for (std::size_t column = 0; column < n; column += kStrip) {
      const std::size_t width = n - column < kStrip ? n - column : kStrip;
      for (std::size_t i = 0; i < change.sources; ++i) {
        make_digit(change, i, column, width, digits);
      }
      for (std::size_t t = 0; t < change.targets; ++t) {
        convert(change.target[t], change.sources, digits, column, width);
      }
    }
  }
};

}  // namespace serdab::kernels::avx512ifma
