#pragma once

#include "engine/kernels/avx512ifma/short_sums_kernels.h"
#include "engine/kernels/operands.h"

namespace serdab::kernels::avx512ifma {

/// Sums of products as two sums, of the low and of the high 52 bits, reduced once. Low words stay
/// below 4096·2^52 = 2^64 and high words, of factors below 2^50, below 4096·2^48 = 2^60.
template <typename V>
struct Sums {
  using Vec = typename V::Vec;
  static constexpr std::size_t kLanes = V::kLanes;
  /// Two lines of each source at a time, prefetched four ahead: sources are whole polynomials
  /// apart, which no prefetcher follows for many at once. Farther ahead, or more lines at a time,
  /// is slower where keys come from memory.
  static constexpr std::size_t kVectors = 2;
  static constexpr std::size_t kColumns = kVectors * kLanes;
  static constexpr std::size_t kPrefetchAhead = 4 * kLanes;

  struct Accumulator {
    Vec low, high;
    void add(Vec a, Vec b) {
      low = V::madd52lo(low, a, b);
      high = V::madd52hi(high, a, b);
    }
  };

  /// Constants of a reduction of sums of `terms` products of words below 2^50 by residues.
  struct Target {
    Prime<V> p;
    WideReduction<V> reduction;
    bool narrow;  ///< sums are below 2^104
    Target(const Modulus& q, std::size_t terms) : p(q), reduction(q), narrow(terms <= 16) {}
    void store(std::uint64_t* out, const Accumulator& sum) const {
      V::store(out,
               narrow ? reduction.narrow(sum.low, sum.high, p) : reduction(sum.low, sum.high, p));
    }
  };

  template <unsigned kLog>
  static void inner_product_columns(const Target& target, const InnerProduct& sums, std::size_t i) {
    Accumulator sum0[kVectors], sum1[kVectors];
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kVectors; ++v) {
      sum0[v] = sum1[v] = {target.p.zero, target.p.zero};
    }
    for (std::size_t j = 0; j < sums.digits; ++j) {
      const std::uint64_t* d = sums.d[j];
      const std::uint64_t *k0 = sums.k0[j] + i, *k1 = sums.k1[j] + i;
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVectors; ++v) {
        const std::uint64_t* digits = d + ((i + v * kLanes) >> sums.d_log_repeats);
        __builtin_prefetch(digits + kPrefetchAhead);
        __builtin_prefetch(k0 + kPrefetchAhead + v * kLanes);
        __builtin_prefetch(k1 + kPrefetchAhead + v * kLanes);
        const Vec digit = spread<V, kLog>(digits);
        sum0[v].add(digit, V::load_once(k0 + v * kLanes));
        sum1[v].add(digit, V::load_once(k1 + v * kLanes));
      }
    }
    const Vec w = V::set1(sums.w);
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kVectors; ++v) {
      const std::size_t c = i + v * kLanes;
      if (sums.addend0 != nullptr) sum0[v].add(V::load(sums.addend0 + c), w);
      if (sums.addend1 != nullptr) sum1[v].add(V::load(sums.addend1 + c), w);
      target.store(sums.out0 + c, sum0[v]);
      target.store(sums.out1 + c, sum1[v]);
    }
  }

  static void inner_product(const Modulus& q, const InnerProduct& sums, std::size_t n) {
    SERDAB_ASSERT(sums.digits <= 64 && sums.w < q.value() && n % kColumns == 0);
    if (q.bits() <= kShortBits) return ShortSums<V>::inner_product(q, sums, n);
    const bool addends = sums.addend0 != nullptr || sums.addend1 != nullptr;
    const Target target(q, sums.digits + (addends ? 1 : 0));
    with_repeats<3>(sums.d_log_repeats, [&](auto log) {
      for (std::size_t i = 0; i < n; i += kColumns) inner_product_columns<log>(target, sums, i);
    });
  }
};

}  // namespace serdab::kernels::avx512ifma
