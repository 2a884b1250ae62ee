#pragma once

#include <type_traits>

#include "engine/kernels/avx512ifma/spread.h"
#include "engine/kernels/operands.h"
#include "engine/kernels/repeats.h"

namespace serdab::kernels::avx512ifma {

/// Inner products of residues of at most kShortBits: products of 64 bits are summed as they are,
/// one multiplication and one addition each. A sum is kept below 2^64 by moving its upper half to a
/// sum of upper halves after every short_products() products, and reduced once.
template <typename V>
struct ShortSums {
  using Vec = typename V::Vec;
  using Long = std::uint64_t;
  using Short = std::uint32_t;
  static constexpr std::size_t kLanes = V::kLanes;
  static constexpr std::size_t kBlock = 2 * kLanes;  ///< columns of two vectors
  static constexpr std::size_t kPrefetchBytes = 256;
  static constexpr unsigned kMostLog = 4;  ///< a word fills a block

  template <typename D, typename K>
  struct Operands {
    const D* const* d;
    const K* const* k0;
    const K* const* k1;
  };

  /// Columns of a block: the even and the odd ones where an operand is short, since a vector of
  /// short words is the even ones as it stands and the odd ones shifted; else the lower and upper.
  struct Pair {
    Vec first, second;
  };
  template <bool kApart>
  static Pair load(const Long* a) {
    const Vec lower = V::load_once(a), upper = V::load_once(a + kLanes);
    if constexpr (!kApart) return {lower, upper};
    return {V::permute2(lower, upper, V::load(kEven)), V::permute2(lower, upper, V::load(kOdd))};
  }
  template <bool kApart>
  static Pair load(const Short* a) {
    static_assert(kApart);
    const Vec words = V::load_two_each(a);
    return {words, V::template shift_right<32>(words)};
  }
  /// Of words that stand for 2^kLog columns each, those of the columns from c on.
  template <bool kApart, unsigned kLog, typename Word>
  static Pair load_digits(const Word* d, std::size_t c, unsigned log) {
    prefetch(d + (c >> log));
    if constexpr (kLog == 0) {
      return load<kApart>(d + c);
    } else if constexpr (kApart) {  // an even column and the next are of one word
      const Vec words = spread<V, std::min(kLog - 1, 3U)>(d + (c >> log));
      return {words, words};
    } else {
      constexpr unsigned kEach = std::min(kLog, 3U);
      return {spread<V, kEach>(d + (c >> log)), spread<V, kEach>(d + ((c + kLanes) >> log))};
    }
  }
  template <bool kApart>
  static void store(Long* out, const Pair& x) {
    V::store(out, kApart ? V::permute2(x.first, x.second, V::load(kInterleaveLow)) : x.first);
    V::store(out + kLanes,
             kApart ? V::permute2(x.first, x.second, V::load(kInterleaveHigh)) : x.second);
  }

  template <typename Word>
  static void prefetch(const Word* a) {
    __builtin_prefetch(a + kPrefetchBytes / sizeof(Word));
    if constexpr (std::is_same_v<Word, Long>) {
      __builtin_prefetch(a + kPrefetchBytes / sizeof(Word) + kLanes);
    }
  }

  struct Target {
    Prime<V> p;
    WideReduction<V> reduction;
    Vec lower;
    explicit Target(const Modulus& q) : p(q), reduction(q), lower(V::set1((Long{1} << 32) - 1)) {}

    /// high·2^32 + sum to [0, q), high below 2^38.
    Vec reduced(Vec sum, Vec high) const {
      const Vec upper = V::add(high, V::template shift_right<32>(sum));
      // upper·2^32 in two digits of 52 bits; the lower takes what is left of the sum without a
      // carry.
      const Vec low =
          V::bit_or(V::bit_and(V::shift_left(upper, 32), p.mask), V::bit_and(sum, lower));
      return reduction.narrow(low, V::template shift_right<20>(upper), p);
    }
  };

  /// The sums of one output of a block.
  struct Line {
    Pair sum, high;
    void add(const Pair& a, const Pair& b) {
      sum = {V::add(sum.first, V::multiply_short(a.first, b.first)),
             V::add(sum.second, V::multiply_short(a.second, b.second))};
    }
    void carry(const Target& target) {
      high = {V::add(high.first, V::template shift_right<32>(sum.first)),
              V::add(high.second, V::template shift_right<32>(sum.second))};
      sum = {V::bit_and(sum.first, target.lower), V::bit_and(sum.second, target.lower)};
    }
    Pair reduced(const Target& target) const {
      return {target.reduced(sum.first, high.first), target.reduced(sum.second, high.second)};
    }
  };

  /// `kBlocks` blocks of columns from i on.
  template <unsigned kLog, std::size_t kBlocks, typename D, typename K>
  static void columns(const Target& target, const InnerProduct& sums,
                      const Operands<D, K>& operands, std::size_t most, std::size_t i) {
    constexpr bool kApart = std::is_same_v<D, Short> || std::is_same_v<K, Short>;
    Line line0[kBlocks], line1[kBlocks];
    const Vec w = V::set1(sums.w);
    const auto start = [&](const Long* addend, std::size_t block) {
      const Pair zero = {target.p.zero, target.p.zero};
      Line line = {zero, zero};
      if (addend != nullptr) line.add(load<kApart>(addend + i + block * kBlock), {w, w});
      return line;
    };
#pragma GCC unroll 2
    for (std::size_t b = 0; b < kBlocks; ++b) {
      line0[b] = start(sums.addend0, b);
      line1[b] = start(sums.addend1, b);
    }
    const bool addends = sums.addend0 != nullptr || sums.addend1 != nullptr;
    std::size_t room = addends ? most - 1 : most;
    for (std::size_t j = 0; j < sums.digits; room = most) {
      const std::size_t end = sums.digits - j < room ? sums.digits : j + room;
      for (; j < end; ++j) {
        const D* d = operands.d[j];
        const K *k0 = operands.k0[j] + i, *k1 = operands.k1[j] + i;
#pragma GCC unroll 2
        for (std::size_t b = 0; b < kBlocks; ++b) {
          const std::size_t c = b * kBlock;
          prefetch(k0 + c);
          prefetch(k1 + c);
          const Pair digit = load_digits<kApart, kLog>(d, i + c, sums.d_log_repeats);
          line0[b].add(digit, load<kApart>(k0 + c));
          line1[b].add(digit, load<kApart>(k1 + c));
        }
      }
      if (j == sums.digits) break;
#pragma GCC unroll 2
      for (std::size_t b = 0; b < kBlocks; ++b) {
        line0[b].carry(target);
        line1[b].carry(target);
      }
    }
#pragma GCC unroll 2
    for (std::size_t b = 0; b < kBlocks; ++b) {
      store<kApart>(sums.out0 + i + b * kBlock, line0[b].reduced(target));
      store<kApart>(sums.out1 + i + b * kBlock, line1[b].reduced(target));
    }
  }

  template <typename D, typename K>
  static void run(const Modulus& q, const InnerProduct& sums, const Operands<D, K>& operands,
                  std::size_t n) {
    const Target target(q);
    const std::size_t most = short_products(q.bits());
    with_repeats<kMostLog>(sums.d_log_repeats, [&](auto log) {
      std::size_t i = 0;
      for (; i + 2 * kBlock <= n; i += 2 * kBlock) columns<log, 2>(target, sums, operands, most, i);
      if (i < n) columns<log, 1>(target, sums, operands, most, i);
    });
  }

  static void inner_product(const Modulus& q, const InnerProduct& sums, std::size_t n) {
    SERDAB_ASSERT(q.bits() <= kShortBits && n % kBlock == 0);
    if (sums.d_short != nullptr && sums.k0_short != nullptr) {
      run<Short, Short>(q, sums, {sums.d_short, sums.k0_short, sums.k1_short}, n);
    } else if (sums.d_short != nullptr) {
      run<Short, Long>(q, sums, {sums.d_short, sums.k0, sums.k1}, n);
    } else if (sums.k0_short != nullptr) {
      run<Long, Short>(q, sums, {sums.d, sums.k0_short, sums.k1_short}, n);
    } else {
      run<Long, Long>(q, sums, {sums.d, sums.k0, sums.k1}, n);
    }
  }
};

}  // namespace serdab::kernels::avx512ifma
