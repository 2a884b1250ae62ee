#pragma once

#include "engine/base/assert.h"
#include "engine/base/pool.h"
#include "engine/kernels/operands.h"

/// What the modular GEMM of every vector instruction set prepares: the weights, and where sums must
/// be reduced on the way. Internal linkage: see CMakeLists.txt.
namespace serdab::kernels {
namespace {

/// The row groups of a block: as few as possible with at most kMaxRows rows, of nearly equal
/// height.
struct RowGroups {
  static constexpr std::size_t kMaxRows = 6;
  std::size_t rows, count;
  explicit RowGroups(std::size_t rows_) : rows(rows_), count((rows_ + kMaxRows - 1) / kMaxRows) {}
  std::size_t begin(std::size_t group) const { return group * rows / count; }
};

/// What exact sums allow: of whole residues, and of residues in two halves, the largest Σ|w|
/// between two reductions; and how many terms a reduction costs.
struct GemmLimits {
  std::int64_t whole, split;
  std::size_t reduction_cost;
};

/// A matrix that one or more blocks use.
struct GemmMatrix {
  const std::int32_t* weights;
  std::size_t rows, cols;
  std::size_t place;          ///< of its packed weights
  std::uint32_t* segments;    ///< term counts between reductions, with the sum cols
  std::size_t segment_count;  ///< at least 1
  bool split;
};

/// Some rows of a block.
template <typename Word>
struct GemmGroup {
  const Word* weights;                  ///< column by column
  const std::uint64_t* const* sources;  ///< an input for each column
  const GemmRow* rows;
  const std::uint32_t* segments;
  std::size_t segment_count;
  std::size_t prefetch;  ///< words ahead; 0 where another group has asked
};

/// How many words ahead the first row group of a block asks for its inputs: each input is an array
/// of its own, more streams than the processor's prefetchers follow. The lines that wait stay
/// within half of L1 where they can.
inline std::size_t gemm_prefetch_words(const Gemm& gemm) {
  constexpr std::size_t kLine = 8, kWaiting = 256;
  const std::size_t lines = kWaiting / (gemm.inputs + 1);
  return kLine * (lines < 1 ? 1 : lines > 8 ? 8 : lines);
}

/// How many columns of all inputs are brought side by side before the blocks use them; 0: inputs
/// are read where they lie. Where many rows use an input, its copy, one a word, is soon paid for by
/// lines that follow each other in memory instead of one from each of hundreds of arrays.
inline std::size_t gemm_staged_columns(const Gemm& gemm, std::size_t step) {
  constexpr std::size_t kWorthwhile = 16, kManyInputs = 64, kBytes = std::size_t{160} << 10;
  std::size_t uses = 0;
  for (std::size_t b = 0; b < gemm.block_count; ++b) {
    uses += gemm.blocks[b].row_count * gemm.blocks[b].col_count;
  }
  if (gemm.inputs < kManyInputs || uses < kWorthwhile * gemm.inputs) return 0;
  std::size_t columns = 64;
  while (columns > step && columns * gemm.inputs * sizeof(std::uint64_t) > kBytes) columns /= 2;
  return columns;
}

/// The matrices of a call, each once, and the inputs of its blocks. `Word` is what a weight
/// becomes.
template <typename Word>
class GemmPlan {
 public:
  template <typename Encode>
  GemmPlan(const Gemm& gemm, std::size_t step, const GemmLimits& limits, const Encode& encode)
      : gemm_(gemm),
        step_(step),
        limits_(limits),
        staged_columns_(gemm_staged_columns(gemm, step)),
        prefetch_(staged_columns_ > 0 ? 0 : gemm_prefetch_words(gemm)) {
    std::size_t columns = 0, rows = 0, weights = 0;
    for (std::size_t b = 0; b < gemm.block_count; ++b) {
      const GemmBlock& block = gemm.blocks[b];
      SERDAB_ASSERT(block.col_count <= 4096);
      columns += block.col_count + 1;
      rows = rows < block.row_count ? block.row_count : rows;
      weights += block.row_count * block.col_count;
    }
    bytes_ = weights * sizeof(Word) +
             gemm.block_count * (sizeof(GemmMatrix) + sizeof(std::uint32_t)) +
             columns * (sizeof(std::uint64_t*) + sizeof(std::uint32_t)) +
             rows * sizeof(std::int64_t) + 1;
    // Largest alignment first.
    weights_ = static_cast<Word*>(base::pool_acquire(bytes_));
    matrices_ = reinterpret_cast<GemmMatrix*>(weights_ + weights);
    sources_ = reinterpret_cast<const std::uint64_t**>(matrices_ + gemm.block_count);
    row_sums_ = reinterpret_cast<std::int64_t*>(sources_ + columns);
    segments_ = reinterpret_cast<std::uint32_t*>(row_sums_ + rows);
    matrix_of_ = segments_ + columns;
    if (staged_columns_ > 0) {
      stage_ = static_cast<std::uint64_t*>(base::pool_acquire(stage_bytes()));
    }
    const std::uint64_t** source = sources_;
    for (std::size_t b = 0; b < gemm.block_count; ++b) {
      const GemmBlock& block = gemm.blocks[b];
      matrix_of_[b] = find(block, encode);
      for (std::size_t k = 0; k < block.col_count; ++k) {
        const std::uint32_t input = block.columns[k];
        *source++ = stage_ != nullptr ? stage_ + input * step_ : gemm.in[input];
      }
    }
  }
  ~GemmPlan() {
    if (stage_ != nullptr) base::pool_release(stage_, stage_bytes());
    base::pool_release(weights_, bytes_);
  }
  GemmPlan(const GemmPlan&) = delete;
  GemmPlan& operator=(const GemmPlan&) = delete;

  /// Calls columns(in, out, width) for strips of at most `step` of n columns: in is where they are
  /// in the sources, out where in the outputs.
  template <typename Columns>
  void for_columns(std::size_t n, const Columns& columns) const {
    const std::size_t stage = staged_columns_ > 0 ? staged_columns_ : n;
    for (std::size_t begin = 0; begin < n; begin += stage) {
      const std::size_t width = n - begin < stage ? n - begin : stage;
      if (staged_columns_ > 0) bring(begin, width);
      for (std::size_t c = 0; c < width; c += step_) {
        columns(staged_columns_ > 0 ? c * gemm_.inputs : begin + c, begin + c,
                width - c < step_ ? width - c : step_);
      }
    }
  }

  /// Calls multiply(split, rows, group) for every row group of every block, in order.
  template <typename Multiply>
  void for_groups(const Multiply& multiply) const {
    const std::uint64_t* const* sources = sources_;
    for (std::size_t b = 0; b < gemm_.block_count; ++b) {
      const GemmBlock& block = gemm_.blocks[b];
      const GemmMatrix& matrix = matrices_[matrix_of_[b]];
      const RowGroups groups(block.row_count);
      for (std::size_t g = 0; g < groups.count; ++g) {
        const std::size_t row = groups.begin(g);
        const GemmGroup<Word> group = {weights_ + matrix.place + row * block.col_count,
                                       sources,
                                       block.rows + row,
                                       matrix.segments,
                                       matrix.segment_count,
                                       g == 0 ? prefetch_ : 0};
        multiply(matrix.split, groups.begin(g + 1) - row, group);
      }
      sources += block.col_count;
    }
  }

 private:
  std::size_t stage_bytes() const { return gemm_.inputs * staged_columns_ * sizeof(std::uint64_t); }
  /// Strip by strip, the strip's words of one input after the other: lines that are used together
  /// follow each other, and none evicts another.
  void bring(std::size_t column, std::size_t width) const {
    constexpr std::size_t kAhead = 8, kLine = 8;
    for (std::size_t k = 0; k < gemm_.inputs; ++k) {
      const std::size_t ahead = k + kAhead < gemm_.inputs ? k + kAhead : k;
      for (std::size_t c = 0; c < width; c += kLine) {
        __builtin_prefetch(gemm_.in[ahead] + column + c);
      }
      for (std::size_t c = 0; c < width; c += kLine) {
        __builtin_memcpy(stage_ + c / step_ * step_ * gemm_.inputs + k * step_ + c % step_,
                         gemm_.in[k] + column + c, kLine * sizeof(std::uint64_t));
      }
    }
  }

  template <typename Encode>
  std::uint32_t find(const GemmBlock& block, const Encode& encode) {
    // Tiles have few matrices, and neighbouring blocks often the same.
    for (std::size_t m = matrix_count_; m-- > 0;) {
      const GemmMatrix& known = matrices_[m];
      if (known.weights == block.weights && known.rows == block.row_count &&
          known.cols == block.col_count) {
        return static_cast<std::uint32_t>(m);
      }
    }
    GemmMatrix& fresh = matrices_[matrix_count_];
    fresh = {block.weights, block.row_count, block.col_count, packed_, segments_, 0, false};
    cut(fresh, limits_.whole);
    const std::size_t cost = fresh.cols + limits_.reduction_cost * (fresh.segment_count - 1);
    if (cost > 2 * fresh.cols) {
      fresh.split = true;
      cut(fresh, limits_.split);
    }
    segments_ += fresh.segment_count;
    pack(fresh, encode);
    packed_ += fresh.rows * fresh.cols;
    return static_cast<std::uint32_t>(matrix_count_++);
  }

  /// Segments of as many terms as keep every row's Σ|w| within the limit; too many of them to be of
  /// use if a single weight is beyond it.
  void cut(GemmMatrix& matrix, std::int64_t limit) {
    for (std::size_t r = 0; r < matrix.rows; ++r) row_sums_[r] = 0;
    std::size_t begin = 0;
    matrix.segment_count = 1;
    for (std::size_t k = 0; k < matrix.cols; ++k) {
      std::int64_t sum = 0, largest = 0;
      for (std::size_t r = 0; r < matrix.rows; ++r) {
        const std::int64_t size = magnitude(matrix.weights[r * matrix.cols + k]);
        row_sums_[r] += size;
        sum = sum < row_sums_[r] ? row_sums_[r] : sum;
        largest = largest < size ? size : largest;
      }
      if (largest > limit) {
        matrix.segment_count = matrix.cols + 2;
        return;
      }
      if (sum <= limit) continue;
      matrix.segments[matrix.segment_count - 1] = static_cast<std::uint32_t>(k - begin);
      ++matrix.segment_count;
      begin = k;
      for (std::size_t r = 0; r < matrix.rows; ++r) {
        row_sums_[r] = magnitude(matrix.weights[r * matrix.cols + k]);
      }
    }
    matrix.segments[matrix.segment_count - 1] = static_cast<std::uint32_t>(matrix.cols - begin);
  }
  static std::int64_t magnitude(std::int32_t w) {
    SERDAB_ASSERT(w > -(1 << 20) && w < (1 << 20));
    return w < 0 ? -std::int64_t{w} : std::int64_t{w};
  }

  template <typename Encode>
  void pack(const GemmMatrix& matrix, const Encode& encode) {
    const RowGroups groups(matrix.rows);
    Word* place = weights_ + matrix.place;
    for (std::size_t g = 0; g < groups.count; ++g) {
      for (std::size_t k = 0; k < matrix.cols; ++k) {
        for (std::size_t r = groups.begin(g); r < groups.begin(g + 1); ++r) {
          *place++ = encode(matrix.weights[r * matrix.cols + k]);
        }
      }
    }
  }

  const Gemm& gemm_;
  std::size_t step_;  ///< columns that a kernel takes at a time
  GemmLimits limits_;
  std::size_t staged_columns_;
  std::size_t prefetch_;
  std::size_t bytes_;
  std::uint64_t* stage_ = nullptr;
  Word* weights_;
  GemmMatrix* matrices_;
  const std::uint64_t** sources_;
  std::int64_t* row_sums_;
  std::uint32_t* segments_;
  std::uint32_t* matrix_of_;
  std::size_t matrix_count_ = 0, packed_ = 0;
};

}  // namespace
}  // namespace serdab::kernels
