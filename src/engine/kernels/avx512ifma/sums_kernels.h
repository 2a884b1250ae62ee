#pragma once

#include "engine/kernels/avx512ifma/residues.h"
#include "engine/kernels/operands.h"

namespace serdab::kernels::avx512ifma {

/// Sums of products as two sums, of the low and of the high 52 bits, reduced once. Low words stay
/// below 4096·2^52 = 2^64 and high words, of factors below 2^50, below 4096·2^48 = 2^60.
template <typename V>
struct Sums {
  using Vec = typename V::Vec;
  static constexpr std::size_t kLanes = V::kLanes;
  static constexpr std::size_t kColumns = 2 * kLanes;
  static constexpr std::size_t kPrefetchAhead = 8 * kLanes;

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

  /// Calls four(i) and, for a rest of two vectors, two(i). Four lines of each source at a time:
  /// sources are whole polynomials apart, which no prefetcher follows for many at once.
  template <typename Four, typename Two>
  static void for_columns(std::size_t n, const Four& four, const Two& two) {
    SERDAB_ASSERT(n % kColumns == 0);
    std::size_t i = 0;
    for (; i + 2 * kColumns <= n; i += 2 * kColumns) four(i);
    if (i < n) two(i);
  }

  template <typename D, typename K>
  struct Operands {
    const D* const* d;
    const K* const* k0;
    const K* const* k1;
  };

  /// `kLow`: factors are below 2^26, so that no product has a high word.
  template <std::size_t kVectors, bool kLow, typename D, typename K>
  static void inner_product_columns(const Target& target, const InnerProduct& sums,
                                    const Operands<D, K>& operands, std::size_t i) {
    const auto add = [](Accumulator& sum, Vec a, Vec b) {
      if constexpr (kLow) {
        sum.low = V::madd52lo(sum.low, a, b);
      } else {
        sum.add(a, b);
      }
    };
    Accumulator sum0[kVectors], sum1[kVectors];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      sum0[v] = sum1[v] = {target.p.zero, target.p.zero};
    }
    for (std::size_t j = 0; j < sums.digits; ++j) {
      const D* d = operands.d[j] + i;
      const K *k0 = operands.k0[j] + i, *k1 = operands.k1[j] + i;
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) {
        __builtin_prefetch(d + kPrefetchAhead + v * kLanes);
        __builtin_prefetch(k0 + kPrefetchAhead + v * kLanes);
        __builtin_prefetch(k1 + kPrefetchAhead + v * kLanes);
        const Vec digit = V::load_once(d + v * kLanes);
        add(sum0[v], digit, V::load_once(k0 + v * kLanes));
        add(sum1[v], digit, V::load_once(k1 + v * kLanes));
      }
    }
    const Vec w = V::set1(sums.w);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      const std::size_t c = i + v * kLanes;
      if (sums.addend0 != nullptr) add(sum0[v], V::load(sums.addend0 + c), w);
      if (sums.addend1 != nullptr) add(sum1[v], V::load(sums.addend1 + c), w);
      target.store(sums.out0 + c, sum0[v]);
      target.store(sums.out1 + c, sum1[v]);
    }
  }

  template <bool kLow, typename D, typename K>
  static void run(const Modulus& q, const InnerProduct& sums, const Operands<D, K>& operands,
                  std::size_t n) {
    const bool addends = sums.addend0 != nullptr || sums.addend1 != nullptr;
    const Target target(q, sums.digits + (addends ? 1 : 0));
    for_columns(
        n, [&](std::size_t i) { inner_product_columns<4, kLow>(target, sums, operands, i); },
        [&](std::size_t i) { inner_product_columns<2, kLow>(target, sums, operands, i); });
  }

  template <typename D, typename K>
  static void run_sized(const Modulus& q, const InnerProduct& sums, const Operands<D, K>& operands,
                        std::size_t n) {
    if (q.bits() <= 26) {
      run<true>(q, sums, operands, n);
    } else {
      run<false>(q, sums, operands, n);
    }
  }

  static void inner_product(const Modulus& q, const InnerProduct& sums, std::size_t n) {
    SERDAB_ASSERT(sums.digits <= 64 && sums.w < q.value());
    using Short = std::uint32_t;
    using Long = std::uint64_t;
    if (sums.d_short != nullptr && sums.k0_short != nullptr) {
      run_sized<Short, Short>(q, sums, {sums.d_short, sums.k0_short, sums.k1_short}, n);
    } else if (sums.d_short != nullptr) {
      run_sized<Short, Long>(q, sums, {sums.d_short, sums.k0, sums.k1}, n);
    } else if (sums.k0_short != nullptr) {
      run_sized<Long, Short>(q, sums, {sums.d, sums.k0_short, sums.k1_short}, n);
    } else {
      run_sized<Long, Long>(q, sums, {sums.d, sums.k0, sums.k1}, n);
    }
  }
};

}  // namespace serdab::kernels::avx512ifma
