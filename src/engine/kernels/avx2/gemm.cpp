#include "engine/base/pool.h"
#include "engine/kernels/avx2/doubles.h"
#include "engine/kernels/avx2/sums.h"

// Weights and residues as doubles, one or two exact FMAs for a multiply-accumulate of four lanes.
//
// If max_r Σ_k |w[r][k]|·(q/2 + 1) <= 2^52, sums of whole centred residues are exact. Otherwise a
// residue is x = hi·2^25 + lo with |lo| <= 2^24, |hi| <= 2^24, and both halves are summed; every
// `period` terms the sums are centred modulo q, so that they stay below 2^49 + 2^51 < 2^52.
//
// Columns are converted a tile at a time into panels of two vectors for each k: (lo, hi) of four
// columns or eight whole columns. The inner kernel is the same: up to 6 rows x 2 vectors in
// registers.
namespace serdab::kernels::avx2 {
namespace {

constexpr double kTwo25 = 33554432.0;
constexpr std::size_t kTileBytes = std::size_t{128} << 10;
constexpr std::size_t kMinTileColumns = 32;
constexpr std::size_t kMaxTileColumns = 64;
constexpr std::size_t kPrefetchAhead = 8;
constexpr std::size_t kPanelDoubles = 2 * kLanes;
constexpr std::size_t kMaxRows = 6;

struct Shape {
  std::size_t rows, cols;
  std::size_t period;   ///< terms between two centrings
  std::size_t columns;  ///< of one panel: 8 whole, 4 split
  bool split;
};

Shape make_shape(const Modulus& q, const GemmWeights& weights) {
  std::int64_t largest = 1;
  std::int64_t largest_sum = 0;
  for (std::size_t r = 0; r < weights.rows; ++r) {
    std::int64_t sum = 0;
    for (std::size_t k = 0; k < weights.cols; ++k) {
      const std::int32_t w = weights.values[r * weights.cols + k];
      SERDAB_ASSERT(w > -(1 << 20) && w < (1 << 20));
      const std::int64_t size = w < 0 ? -std::int64_t{w} : std::int64_t{w};
      sum += size;
      if (size > largest) largest = size;
    }
    if (sum > largest_sum) largest_sum = sum;
  }
  const double bound = static_cast<double>(largest_sum) * static_cast<double>(q.value() / 2 + 1);
  const bool split = bound > kTwo52;
  std::size_t period = weights.cols;
  if (split && largest_sum > (1 << 27)) period = static_cast<std::size_t>((1 << 27) / largest);
  return {weights.rows, weights.cols, period, split ? kLanes : 2 * kLanes, split};
}

/// The row blocks: as few as possible with at most kMaxRows rows, of nearly equal height.
struct RowBlocks {
  std::size_t rows, count;
  explicit RowBlocks(std::size_t rows_) : rows(rows_), count((rows_ + kMaxRows - 1) / kMaxRows) {}
  std::size_t begin(std::size_t block) const { return block * rows / count; }
};

/// Weights as doubles, block by block, within a block k by k.
void pack_weights(const GemmWeights& weights, double* packed) {
  const RowBlocks blocks(weights.rows);
  for (std::size_t b = 0; b < blocks.count; ++b) {
    for (std::size_t k = 0; k < weights.cols; ++k) {
      for (std::size_t r = blocks.begin(b); r < blocks.begin(b + 1); ++r) {
        *packed++ = static_cast<double>(weights.values[r * weights.cols + k]);
      }
    }
  }
}

/// Residues to (−q/2, q/2]: x − q where x > q/2.
inline Vec centred_words(const std::uint64_t* words, Vec q, Vec half) {
  const Vec x = load_words(words);
  return _mm256_sub_pd(x, _mm256_and_pd(_mm256_cmp_pd(x, half, _CMP_GT_OQ), q));
}

void pack_columns(const Modulus& modulus, const Shape& shape, const std::uint64_t* const* in,
                  std::size_t column, std::size_t width, double* panels) {
  const Vec q = set1(static_cast<double>(modulus.value()));
  const Vec half = set1(static_cast<double>(modulus.value() / 2));
  const Vec round = set1(kRound);
  for (std::size_t k = 0; k < shape.cols; ++k) {
    double* place = panels + k * kPanelDoubles;
    // Each input is an array of its own: the next lines are in no prefetcher's stream.
    const std::size_t ahead = k + kPrefetchAhead < shape.cols ? k + kPrefetchAhead : k;
    for (std::size_t c = 0; c < width; c += 8) __builtin_prefetch(in[ahead] + column + c);
    for (std::size_t c = 0; c < width; c += shape.columns, place += shape.cols * kPanelDoubles) {
      const Vec x = centred_words(in[k] + column + c, q, half);
      if (shape.split) {
        const Vec high = _mm256_sub_pd(_mm256_fmadd_pd(x, set1(1 / kTwo25), round), round);
        _mm256_storeu_pd(place, _mm256_fnmadd_pd(high, set1(kTwo25), x));
        _mm256_storeu_pd(place + kLanes, high);
      } else {
        _mm256_storeu_pd(place, x);
        _mm256_storeu_pd(place + kLanes, centred_words(in[k] + column + c + kLanes, q, half));
      }
    }
  }
}

struct Tile {
  const Prime& p;
  const Shape& shape;
  Vec two25;  ///< 2^25 mod q, centred
};

/// sum += weights·panel over `terms` terms. A function of its own keeps the counters of its caller
/// out of the registers of this loop.
template <std::size_t kRows>
[[gnu::noinline]] void accumulate(Vec (&total)[kRows][2], const double* weights,
                                  const double* panel, std::size_t terms) {
  Vec sum[kRows][2];
#pragma GCC unroll 6
  for (std::size_t r = 0; r < kRows; ++r) {
    sum[r][0] = total[r][0];
    sum[r][1] = total[r][1];
  }
  for (const double* end = panel + terms * kPanelDoubles; panel != end; panel += kPanelDoubles) {
    const Vec x0 = _mm256_loadu_pd(panel);
    const Vec x1 = _mm256_loadu_pd(panel + kLanes);
#pragma GCC unroll 6
    for (std::size_t r = 0; r < kRows; ++r) {
      const Vec w = set1(weights[r]);
      sum[r][0] = _mm256_fmadd_pd(w, x0, sum[r][0]);
      sum[r][1] = _mm256_fmadd_pd(w, x1, sum[r][1]);
    }
    weights += kRows;
  }
#pragma GCC unroll 6
  for (std::size_t r = 0; r < kRows; ++r) {
    total[r][0] = sum[r][0];
    total[r][1] = sum[r][1];
  }
}

/// `kRows` rows times one panel, to canonical words.
template <std::size_t kRows>
void multiply_panel(const Tile& tile, const double* weights, const double* panel,
                    std::uint64_t* const* out, std::size_t column) {
  const Prime& p = tile.p;
  Vec sum[kRows][2];
#pragma GCC unroll 6
  for (std::size_t r = 0; r < kRows; ++r) sum[r][0] = sum[r][1] = _mm256_setzero_pd();
  const std::size_t cols = tile.shape.cols;
  for (std::size_t begin = 0; begin < cols; begin += tile.shape.period) {
    if (begin > 0) {
#pragma GCC unroll 6
      for (std::size_t r = 0; r < kRows; ++r) {
        sum[r][0] = centre(sum[r][0], p);
        sum[r][1] = centre(sum[r][1], p);
      }
    }
    const std::size_t rest = cols - begin;
    const std::size_t terms = rest < tile.shape.period ? rest : tile.shape.period;
    accumulate<kRows>(sum, weights, panel, terms);
    weights += terms * kRows;
    panel += terms * kPanelDoubles;
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    SERDAB_ASSERT(all_within(sum[r][0], kTwo52) && all_within(sum[r][1], kTwo52));
    if (tile.shape.split) {
      const Vec high = product(sum[r][1], tile.two25, p);
      store_canonical(out[r] + column, _mm256_add_pd(high, sum[r][0]), p);
    } else {
      store_canonical(out[r] + column, sum[r][0], p);
      store_canonical(out[r] + column + kLanes, sum[r][1], p);
    }
  }
}

using PanelKernel = void (*)(const Tile&, const double*, const double*, std::uint64_t* const*,
                             std::size_t);
constexpr PanelKernel kPanelKernels[kMaxRows] = {
    multiply_panel<1>, multiply_panel<2>, multiply_panel<3>,
    multiply_panel<4>, multiply_panel<5>, multiply_panel<6>,
};

std::size_t tile_columns(const Shape& shape, std::size_t n) {
  std::size_t columns = kMaxTileColumns;
  const std::size_t column_bytes = shape.cols * kPanelDoubles * sizeof(double) / shape.columns;
  while (columns > kMinTileColumns && columns * column_bytes > kTileBytes) columns /= 2;
  return columns < n ? columns : n;
}

}  // namespace

void gemm(const Modulus& q, const GemmWeights& weights, const std::uint64_t* const* in,
          std::uint64_t* const* out, std::size_t n) {
  SERDAB_ASSERT(weights.cols <= 4096 && n % 16 == 0);
  if (weights.rows == 0) return;
  const Shape shape = make_shape(q, weights);
  const Prime p = make_prime(q);
  const Tile tile{p, shape, set1_centred((std::uint64_t{1} << 25) % q.value(), q)};
  const std::size_t columns = tile_columns(shape, n);
  const std::size_t weight_count = (shape.rows * shape.cols + 7) / 8 * 8;
  const std::size_t panel_size = shape.cols * kPanelDoubles;
  const std::size_t bytes =
      (weight_count + columns / shape.columns * panel_size + kPanelDoubles) * sizeof(double);
  auto* const scratch = static_cast<double*>(base::pool_acquire(bytes));
  double* const panels = scratch + weight_count;
  pack_weights(weights, scratch);

  const RowBlocks blocks(shape.rows);
  for (std::size_t column = 0; column < n; column += columns) {
    const std::size_t width = n - column < columns ? n - column : columns;
    pack_columns(q, shape, in, column, width, panels);
    for (std::size_t c = 0; c < width; c += shape.columns) {
      const double* panel = panels + c / shape.columns * panel_size;
      for (std::size_t b = 0; b < blocks.count; ++b) {
        const std::size_t row = blocks.begin(b);
        kPanelKernels[blocks.begin(b + 1) - row - 1](tile, scratch + row * shape.cols, panel,
                                                     out + row, column + c);
      }
    }
  }
  base::pool_release(scratch, bytes);
}

}  // namespace serdab::kernels::avx2
