#pragma once

#include "engine/kernels/avx512ifma/residues.h"
#include "engine/kernels/gemm_plan.h"

/// One 52-bit multiply-add a multiply-accumulate: weights are taken modulo 2^52, so that the low 52
/// bits of a sum are right whatever the signs, while the sum itself stays within 2^51.
///
/// With S = max_r Σ_k |w[r][k]| of all blocks, residues are whole while (2S + 3)·q < 2^52.
/// Otherwise a residue is hi·2^26 + lo, both halves below 2^26, and both are summed; if S > 2^24,
/// the sums are reduced modulo q after every `period` terms.
///
/// A sum gets a multiple of q that makes it positive: with |Σ| <= B, C = ceil(B/q)·q. Whole: B =
/// S·q, C = S·q. Split: B = 2^50, C < 2^50 + q, the rest of the sum below 2^50 + q: below 2^52.
namespace serdab::kernels::avx512ifma {
namespace {

template <typename V>
struct GemmKernels {
  using Vec = typename V::Vec;
  using Word = std::uint64_t;
  using Group = GemmGroup<Word>;
  static constexpr std::size_t kLanes = V::kLanes;
  static constexpr std::size_t kVectors = 4;  ///< of a panel: 32 whole columns, 16 split ones
  static constexpr std::size_t kPanelWords = kVectors * kLanes;
  static constexpr unsigned kSplitBits = 26;
  static constexpr std::int64_t kSplitSum = std::int64_t{1} << 24;
  static constexpr std::size_t kStripBytes = std::size_t{256} << 10;
  static constexpr std::size_t kPrefetchAhead = 8;

  struct Target {
    Prime<V> p;
    Factor<V> one, two26;
    Vec lift;  ///< the multiple of q that makes a sum positive
    bool split;
    std::size_t n;

    Target(const Modulus& q, std::int64_t largest_sum, bool split_, std::size_t n_)
        : p(q),
          one(make_factor<V>(1, q.value())),
          two26(make_factor<V>((Word{1} << kSplitBits) % q.value(), q.value())),
          lift(V::set1(split_ ? ((Word{1} << 50) / q.value() + 1) * q.value()
                              : static_cast<Word>(largest_sum) * q.value())),
          split(split_),
          n(n_) {}

    Vec positive(Vec sum) const { return V::bit_and(V::add(sum, lift), p.mask); }
    /// A sum to [0, q).
    Vec whole(Vec sum) const {
      const Vec x = positive(sum);
      const Vec k = V::madd52hi(p.zero, x, one.ratio);
      return subtract_once<V>(V::bit_and(V::madd52lo(x, k, p.minus), p.mask), p.q);
    }
    /// high·2^26 + low to [0, q): each quotient loses less than 2.
    Vec joined(Vec low, Vec high) const {
      const Vec x = positive(low), y = positive(high);
      const Vec k = V::madd52hi(V::madd52hi(p.zero, x, one.ratio), y, two26.ratio);
      const Vec sum = V::madd52lo(V::madd52lo(x, y, two26.w), k, p.minus);
      return canonical<V>(V::bit_and(sum, p.mask), p);
    }
  };

  static void pack_inputs(const Gemm& gemm, const Target& target, std::size_t column,
                          std::size_t width, Word* panels) {
    const std::size_t columns = target.split ? kPanelWords / 2 : kPanelWords;
    const Vec low_mask = V::set1((Word{1} << kSplitBits) - 1);
    for (std::size_t k = 0; k < gemm.inputs; ++k) {
      Word* place = panels + k * kPanelWords;
      // Each input is an array of its own: the next lines are in no prefetcher's stream.
      const std::size_t ahead = k + kPrefetchAhead < gemm.inputs ? k + kPrefetchAhead : k;
      for (std::size_t c = 0; c < width; c += 8) __builtin_prefetch(gemm.in[ahead] + column + c);
      const Word* in = gemm.in[k] + column;
      for (std::size_t c = 0; c < width; c += columns, place += gemm.inputs * kPanelWords) {
        for (std::size_t v = 0; v < columns / kLanes; ++v) {
          // A panel may reach beyond the last column.
          const Vec x = c + v * kLanes < width ? V::load(in + c + v * kLanes) : target.p.zero;
          if (target.split) {
            V::store(place + 2 * v * kLanes, V::bit_and(x, low_mask));
            V::store(place + (2 * v + 1) * kLanes, V::shift_right(x, kSplitBits));
          } else {
            V::store(place + v * kLanes, x);
          }
        }
      }
    }
  }

  /// What a row's sums begin with: its bias, and what its output holds.
  static Vec start(const Target& target, const GemmRow& row, std::size_t column) {
    const Vec bias = V::set1(row.bias);
    if (!row.accumulate || column >= target.n) return bias;
    return subtract_once<V>(V::add(bias, V::load(row.out + column)), target.p.q);
  }

  template <std::size_t kRows>
  static void accumulate(Vec (&sum)[kRows][kVectors], const Word* weights,
                         const std::uint32_t* columns, const Word* panel, std::size_t terms) {
    for (const std::uint32_t* const end = columns + terms; columns != end; ++columns) {
      const Word* place = panel + std::size_t{*columns} * kPanelWords;
      const Vec x0 = V::load(place), x1 = V::load(place + kLanes);
      const Vec x2 = V::load(place + 2 * kLanes), x3 = V::load(place + 3 * kLanes);
#pragma GCC unroll 6
      for (std::size_t r = 0; r < kRows; ++r) {
        const Vec w = V::set1(weights[r]);
        sum[r][0] = V::madd52lo(sum[r][0], w, x0);
        sum[r][1] = V::madd52lo(sum[r][1], w, x1);
        sum[r][2] = V::madd52lo(sum[r][2], w, x2);
        sum[r][3] = V::madd52lo(sum[r][3], w, x3);
      }
      weights += kRows;
    }
  }

  /// The same with reductions, for sums that would leave 2^51; split sums only.
  template <std::size_t kRows>
  [[gnu::noinline]] static void accumulate_in_periods(Vec (&sum)[kRows][kVectors],
                                                      const Group& group, const Word* panel,
                                                      const Target& target) {
    for (std::size_t begin = 0; begin < group.cols; begin += group.period) {
      const std::size_t rest = group.cols - begin;
      accumulate<kRows>(sum, group.weights + begin * kRows, group.columns + begin, panel,
                        rest < group.period ? rest : group.period);
      for (auto& row : sum) {
        for (Vec& x : row) x = target.whole(x);
      }
    }
  }

  template <std::size_t kRows>
  static void multiply_panel(const Target& target, const Group& group, const Word* panel,
                             std::size_t column) {
    Vec sum[kRows][kVectors];
    const bool split = target.split;
#pragma GCC unroll 6
    for (std::size_t r = 0; r < kRows; ++r) {
      const GemmRow& row = group.rows[r];
      sum[r][0] = start(target, row, column);
      sum[r][1] = split ? target.p.zero : start(target, row, column + kLanes);
      sum[r][2] = start(target, row, column + (split ? 1 : 2) * kLanes);
      sum[r][3] = split ? target.p.zero : start(target, row, column + 3 * kLanes);
    }
    if (group.period < group.cols) {
      accumulate_in_periods<kRows>(sum, group, panel, target);
    } else {
      accumulate<kRows>(sum, group.weights, group.columns, panel, group.cols);
    }
#pragma GCC unroll 6
    for (std::size_t r = 0; r < kRows; ++r) {
      Word* out = group.rows[r].out + column;
      if (split) {
        V::store(out, target.joined(sum[r][0], sum[r][1]));
        V::store(out + kLanes, target.joined(sum[r][2], sum[r][3]));
        continue;
      }
      V::store(out, target.whole(sum[r][0]));
      V::store(out + kLanes, target.whole(sum[r][1]));
      if (column + 2 * kLanes >= target.n) continue;
      V::store(out + 2 * kLanes, target.whole(sum[r][2]));
      V::store(out + 3 * kLanes, target.whole(sum[r][3]));
    }
  }

  static void multiply_rows(std::size_t rows, const Target& target, const Group& group,
                            const Word* panel, std::size_t column) {
    switch (rows) {
      case 1:
        return multiply_panel<1>(target, group, panel, column);
      case 2:
        return multiply_panel<2>(target, group, panel, column);
      case 3:
        return multiply_panel<3>(target, group, panel, column);
      case 4:
        return multiply_panel<4>(target, group, panel, column);
      case 5:
        return multiply_panel<5>(target, group, panel, column);
      default:
        return multiply_panel<6>(target, group, panel, column);
    }
  }

  static void gemm(const Modulus& q, const Gemm& gemm, std::size_t n) {
    SERDAB_ASSERT(n % (2 * kLanes) == 0);
    GemmPlan<Word> plan(gemm);
    const auto bound = (2 * static_cast<unsigned __int128>(plan.largest_sum()) + 3) * q.value();
    const bool split = (bound >> 52) != 0;
    plan.prepare(kPanelWords, split ? kPanelWords / 2 : kPanelWords, 32, 64, kStripBytes,
                 split ? kSplitSum : plan.largest_sum(),
                 [](std::int32_t w) { return static_cast<Word>(std::int64_t{w}) & kMask52; });
    const Target target(q, plan.largest_sum(), split, n);
    for (std::size_t column = 0; column < n; column += plan.strip()) {
      const std::size_t width = n - column < plan.strip() ? n - column : plan.strip();
      pack_inputs(gemm, target, column, width, plan.panels());
      plan.for_panels(column, width,
                      [&](std::size_t rows, const Group& group, const Word* panel, std::size_t c) {
                        multiply_rows(rows, target, group, panel, c);
                      });
    }
  }
};

}  // namespace
}  // namespace serdab::kernels::avx512ifma
