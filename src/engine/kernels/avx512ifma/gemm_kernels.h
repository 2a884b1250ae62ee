#pragma once

#include "engine/kernels/avx512ifma/residues.h"
#include "engine/kernels/gemm_plan.h"

/// One 52-bit multiply-add a multiply-accumulate: weights are taken modulo 2^52, so that the low 52
/// bits of a sum are right whatever the signs, while the sum itself stays within 2^51. Up to 6 rows
/// x 4 vectors of sums in registers.
///
/// Whole residues: with Σ|w| <= L between two reductions, a sum is within L·q and less than q of
/// what was there before; adding L·q makes it positive, and (2L + 1)·q < 2^52. Split: a residue is
/// hi·2^26 + lo, both halves below 2^26, and both are summed; Σ|w| <= 2^24 keeps the sums above
/// −2^50 and below 2^50 + q, and the next multiple of q from 2^50 makes them positive, below 2^52.
namespace serdab::kernels::avx512ifma {
namespace {

template <typename V>
struct GemmKernels {
  using Vec = typename V::Vec;
  using Word = std::uint64_t;
  using Group = GemmGroup<Word>;
  static constexpr std::size_t kLanes = V::kLanes;
  static constexpr std::size_t kVectors = 4;
  static constexpr std::size_t kStep = 2 * kLanes;
  static constexpr unsigned kSplitBits = 26;
  static constexpr std::int64_t kSplitSum = std::int64_t{1} << 24;

  struct Target {
    Prime<V> p;
    Factor<V> one, two26;
    Vec low_bits;
    Vec whole_lift, split_lift;  ///< the multiples of q that make sums positive

    Target(const Modulus& q, const GemmLimits& limits)
        : p(q),
          one(make_factor<V>(1, q.value())),
          two26(make_factor<V>((Word{1} << kSplitBits) % q.value(), q.value())),
          low_bits(V::set1((Word{1} << kSplitBits) - 1)),
          whole_lift(V::set1(static_cast<Word>(limits.whole) * q.value())),
          split_lift(V::set1(((Word{1} << 50) / q.value() + 1) * q.value())) {}

    /// A sum to [0, q).
    Vec reduced(Vec sum, Vec lift) const {
      const Vec x = V::bit_and(V::add(sum, lift), p.mask);
      const Vec k = V::madd52hi(p.zero, x, one.ratio);
      return subtract_once<V>(V::bit_and(V::madd52lo(x, k, p.minus), p.mask), p.q);
    }
    /// high·2^26 + low to [0, q): each of the two quotients loses less than 2.
    Vec joined(Vec low, Vec high) const {
      const Vec x = V::bit_and(V::add(low, split_lift), p.mask);
      const Vec y = V::bit_and(V::add(high, split_lift), p.mask);
      const Vec k = V::madd52hi(V::madd52hi(p.zero, x, one.ratio), y, two26.ratio);
      const Vec sum = V::madd52lo(V::madd52lo(x, y, two26.w), k, p.minus);
      return canonical<V>(V::bit_and(sum, p.mask), p);
    }
  };

  /// What a row's sums begin with: its bias, and what its output holds.
  static Vec start(const Target& target, const GemmRow& row, std::size_t column) {
    const Vec bias = V::set1(row.bias);
    if (!row.accumulate) return bias;
    return subtract_once<V>(V::add(bias, V::load(row.out + column)), target.p.q);
  }

  /// `kRows` rows times the columns of kLoaded vectors of each input, which make kUsed vectors.
  template <bool kSplit, std::size_t kRows, std::size_t kUsed>
  static void multiply(const Target& target, const Group& group, std::size_t in,
                       std::size_t column) {
    Vec sum[kRows][kUsed];
#pragma GCC unroll 6
    for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kUsed; ++v) {
        if constexpr (kSplit) {
          sum[r][v] =
              v % 2 == 0 ? start(target, group.rows[r], column + v / 2 * kLanes) : target.p.zero;
        } else {
          sum[r][v] = start(target, group.rows[r], column + v * kLanes);
        }
      }
    }
    const Word* weights = group.weights;
    const Word* const* source = group.sources;
    for (std::size_t s = 0;;) {
      for (const auto* const end = source + group.segments[s]; source != end; ++source) {
#pragma GCC unroll 4
        for (std::size_t v = 0; v < (kSplit ? kUsed / 2 : kUsed); ++v) {
          __builtin_prefetch(*source + in + v * kLanes + group.prefetch);
        }
        Vec x[kUsed];
#pragma GCC unroll 4
        for (std::size_t v = 0; v < kUsed; ++v) {
          if constexpr (kSplit) {
            const Vec word = V::load(*source + in + v / 2 * kLanes);
            x[v] = v % 2 == 0 ? V::bit_and(word, target.low_bits)
                              : V::template shift_right<kSplitBits>(word);
          } else {
            x[v] = V::load(*source + in + v * kLanes);
          }
        }
#pragma GCC unroll 6
        for (std::size_t r = 0; r < kRows; ++r) {
          const Vec w = V::set1(weights[r]);
#pragma GCC unroll 4
          for (std::size_t v = 0; v < kUsed; ++v) sum[r][v] = V::madd52lo(sum[r][v], w, x[v]);
        }
        weights += kRows;
      }
      if (++s == group.segment_count) break;
#pragma GCC unroll 6
      for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (std::size_t v = 0; v < kUsed; ++v) {
          sum[r][v] = target.reduced(sum[r][v], kSplit ? target.split_lift : target.whole_lift);
        }
      }
    }
#pragma GCC unroll 6
    for (std::size_t r = 0; r < kRows; ++r) {
      Word* out = group.rows[r].out + column;
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kUsed; ++v) {
        if constexpr (!kSplit) {
          V::store(out + v * kLanes, target.reduced(sum[r][v], target.whole_lift));
        } else if (v % 2 == 0) {
          V::store(out + v / 2 * kLanes, target.joined(sum[r][v], sum[r][v + 1]));
        }
      }
    }
  }

  using Kernel = void (*)(const Target&, const Group&, std::size_t, std::size_t);
  template <bool kSplit, std::size_t kUsed>
  static constexpr Kernel kKernels[RowGroups::kMaxRows] = {
      multiply<kSplit, 1, kUsed>, multiply<kSplit, 2, kUsed>, multiply<kSplit, 3, kUsed>,
      multiply<kSplit, 4, kUsed>, multiply<kSplit, 5, kUsed>, multiply<kSplit, 6, kUsed>};

  /// One group on 16 or 32 columns.
  static void multiply_group(const Target& target, bool split, std::size_t rows, const Group& group,
                             std::size_t in, std::size_t column, std::size_t width) {
    if (!split && width == 2 * kStep) {
      return kKernels<false, 4>[rows - 1](target, group, in, column);
    }
    if (!split) return kKernels<false, 2>[rows - 1](target, group, in, column);
    for (std::size_t c = 0; c < width; c += kStep) {
      kKernels<true, 4>[rows - 1](target, group, in + c, column + c);
    }
  }

  static void gemm(const Modulus& q, const Gemm& gemm, std::size_t n) {
    SERDAB_ASSERT(n % kStep == 0);
    // A reduction takes as long as four terms.
    const auto whole = (((Word{1} << 52) / q.value()) - 2) / 2;
    const GemmLimits limits = {static_cast<std::int64_t>(whole), kSplitSum, 4};
    const GemmPlan<Word> plan(gemm, 2 * kStep, limits, [](std::int32_t w) {
      return static_cast<Word>(std::int64_t{w}) & kMask52;
    });
    const Target target(q, limits);
    plan.for_columns(n, [&](std::size_t in, std::size_t column, std::size_t width) {
      plan.for_groups([&](bool split, std::size_t rows, const Group& group) {
        multiply_group(target, split, rows, group, in, column, width);
      });
    });
  }
};

}  // namespace
}  // namespace serdab::kernels::avx512ifma
