#pragma once

#include "engine/base/pool.h"
#include "engine/kernels/avx512ifma/residues.h"
#include "engine/kernels/kernels.h"

namespace serdab::kernels::avx512ifma {

/// Sums of products as two sums, of the low and of the high 52 bits, reduced once. Low words stay
/// below 4096·2^52 = 2^64 and high words, of factors below 2^50, below 4096·2^48 = 2^60.
template <typename V>
struct Sums {
  using Vec = typename V::Vec;
  static constexpr std::size_t kLanes = V::kLanes;
  static constexpr std::size_t kColumns = 2 * kLanes;
  static constexpr std::size_t kMaxRows = 6;
  static constexpr std::size_t kTileBytes = std::size_t{256} << 10;
  static constexpr std::size_t kPrefetchAhead = 8;

  struct Accumulator {
    Vec low, high;
    void add(Vec a, Vec b) {
      low = V::madd52lo(low, a, b);
      high = V::madd52hi(high, a, b);
    }
  };

  /// Constants of a reduction.
  struct Target {
    Prime<V> p;
    WideReduction<V> reduction;
    explicit Target(const Modulus& q) : p(q), reduction(q) {}
    void store(std::uint64_t* out, const Accumulator& sum) const {
      V::store(out, reduction(sum.low, sum.high, p));
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

  template <std::size_t kVectors>
  static void inner_product_columns(const Target& target, std::size_t digits,
                                    const std::uint64_t* const* d, const std::uint64_t* const* k0,
                                    const std::uint64_t* const* k1, std::uint64_t* out0,
                                    std::uint64_t* out1, std::size_t i) {
    Accumulator sum0[kVectors], sum1[kVectors];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      sum0[v] = sum1[v] = {target.p.zero, target.p.zero};
    }
    for (std::size_t j = 0; j < digits; ++j) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) {
        const Vec digit = V::load(d[j] + i + v * kLanes);
        sum0[v].add(digit, V::load(k0[j] + i + v * kLanes));
        sum1[v].add(digit, V::load(k1[j] + i + v * kLanes));
      }
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      target.store(out0 + i + v * kLanes, sum0[v]);
      target.store(out1 + i + v * kLanes, sum1[v]);
    }
  }

  static void inner_product(const Modulus& q, std::size_t digits, const std::uint64_t* const* d,
                            const std::uint64_t* const* k0, const std::uint64_t* const* k1,
                            std::uint64_t* out0, std::uint64_t* out1, std::size_t n) {
    SERDAB_ASSERT(digits <= 64);
    const Target target(q);
    for_columns(
        n,
        [&](std::size_t i) { inner_product_columns<4>(target, digits, d, k0, k1, out0, out1, i); },
        [&](std::size_t i) { inner_product_columns<2>(target, digits, d, k0, k1, out0, out1, i); });
  }

  template <std::size_t kVectors>
  static void base_convert_columns(const Target& target, std::size_t sources,
                                   const std::uint64_t* const* in, const std::uint64_t* factors,
                                   std::uint64_t* out, std::size_t i) {
    Accumulator sum[kVectors];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) sum[v] = {target.p.zero, target.p.zero};
    for (std::size_t j = 0; j < sources; ++j) {
      const Vec w = V::set1(factors[j]);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) sum[v].add(V::load(in[j] + i + v * kLanes), w);
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) target.store(out + i + v * kLanes, sum[v]);
  }

  static void base_convert(const Modulus& q, std::size_t sources, const std::uint64_t* const* in,
                           const std::uint64_t* factors, std::uint64_t* out, std::size_t n) {
    SERDAB_ASSERT(sources <= 64);
    const Target target(q);
    for_columns(
        n, [&](std::size_t i) { base_convert_columns<4>(target, sources, in, factors, out, i); },
        [&](std::size_t i) { base_convert_columns<2>(target, sources, in, factors, out, i); });
  }

  /// kRows rows times one panel (16 columns of every input, one after the other).
  template <std::size_t kRows>
  static void multiply_panel(const Target& target, std::size_t cols, const std::uint64_t* weights,
                             const std::uint64_t* panel, std::uint64_t* const* out,
                             std::size_t column) {
    Accumulator sum[kRows][2];
#pragma GCC unroll 6
    for (std::size_t r = 0; r < kRows; ++r) {
      sum[r][0] = sum[r][1] = {target.p.zero, target.p.zero};
    }
    const std::uint64_t* const end = panel + cols * kColumns;
    for (; panel != end; panel += kColumns, weights += kRows) {
      const Vec x0 = V::load(panel);
      const Vec x1 = V::load(panel + kLanes);
#pragma GCC unroll 6
      for (std::size_t r = 0; r < kRows; ++r) {
        const Vec w = V::set1(weights[r]);
        sum[r][0].add(w, x0);
        sum[r][1].add(w, x1);
      }
    }
#pragma GCC unroll 6
    for (std::size_t r = 0; r < kRows; ++r) {
      target.store(out[r] + column, sum[r][0]);
      target.store(out[r] + column + kLanes, sum[r][1]);
    }
  }

  static void multiply_rows(std::size_t rows, const Target& target, std::size_t cols,
                            const std::uint64_t* weights, const std::uint64_t* panel,
                            std::uint64_t* const* out, std::size_t column) {
    switch (rows) {
      case 1:
        return multiply_panel<1>(target, cols, weights, panel, out, column);
      case 2:
        return multiply_panel<2>(target, cols, weights, panel, out, column);
      case 3:
        return multiply_panel<3>(target, cols, weights, panel, out, column);
      case 4:
        return multiply_panel<4>(target, cols, weights, panel, out, column);
      case 5:
        return multiply_panel<5>(target, cols, weights, panel, out, column);
      default:
        return multiply_panel<6>(target, cols, weights, panel, out, column);
    }
  }

  /// First row of row block b of `count` blocks of nearly equal height.
  static std::size_t first_row(std::size_t rows, std::size_t count, std::size_t b) {
    return b * rows / count;
  }

  /// Weights as residues, block of rows by block, within a block input by input.
  static void pack_weights(const Modulus& q, const GemmWeights& weights, std::size_t count,
                           std::uint64_t* packed) {
    for (std::size_t b = 0; b < count; ++b) {
      const std::size_t end = first_row(weights.rows, count, b + 1);
      for (std::size_t k = 0; k < weights.cols; ++k) {
        for (std::size_t r = first_row(weights.rows, count, b); r < end; ++r) {
          const std::int32_t w = weights.values[r * weights.cols + k];
          SERDAB_ASSERT(w > -(1 << 20) && w < (1 << 20));
          *packed++ = arith::reduce_signed(w, q);
        }
      }
    }
  }

  static void pack_columns(std::size_t cols, const std::uint64_t* const* in, std::size_t column,
                           std::size_t width, std::uint64_t* panels) {
    for (std::size_t k = 0; k < cols; ++k) {
      const std::size_t ahead = k + kPrefetchAhead < cols ? k + kPrefetchAhead : k;
      std::uint64_t* place = panels + k * kColumns;
      for (std::size_t c = 0; c < width; c += kColumns, place += cols * kColumns) {
        __builtin_prefetch(in[ahead] + column + c);
        __builtin_prefetch(in[ahead] + column + c + kLanes);
        V::store(place, V::load(in[k] + column + c));
        V::store(place + kLanes, V::load(in[k] + column + c + kLanes));
      }
    }
  }

  static void gemm(const Modulus& q, const GemmWeights& weights, const std::uint64_t* const* in,
                   std::uint64_t* const* out, std::size_t n) {
    SERDAB_ASSERT(weights.cols <= 4096 && n % kColumns == 0);
    if (weights.rows == 0) return;
    const Target target(q);
    std::size_t columns = 4 * kColumns;
    while (columns > kColumns && columns * weights.cols * sizeof(std::uint64_t) > kTileBytes) {
      columns /= 2;
    }
    const std::size_t count = (weights.rows + kMaxRows - 1) / kMaxRows;
    const std::size_t weight_words = (weights.rows * weights.cols + kLanes) / kLanes * kLanes;
    const std::size_t bytes = (weight_words + columns * weights.cols) * sizeof(std::uint64_t);
    auto* const packed = static_cast<std::uint64_t*>(base::pool_acquire(bytes));
    std::uint64_t* const panels = packed + weight_words;
    pack_weights(q, weights, count, packed);
    for (std::size_t column = 0; column < n; column += columns) {
      const std::size_t width = n - column < columns ? n - column : columns;
      pack_columns(weights.cols, in, column, width, panels);
      for (std::size_t c = 0; c < width; c += kColumns) {
        for (std::size_t b = 0; b < count; ++b) {
          const std::size_t row = first_row(weights.rows, count, b);
          multiply_rows(first_row(weights.rows, count, b + 1) - row, target, weights.cols,
                        packed + row * weights.cols, panels + c * weights.cols, out + row,
                        column + c);
        }
      }
    }
    base::pool_release(packed, bytes);
  }
};

}  // namespace serdab::kernels::avx512ifma
