#pragma once

#include "engine/base/assert.h"
#include "engine/base/pool.h"
#include "engine/kernels/operands.h"

/// What the modular GEMM of every vector instruction set prepares. Internal linkage: see
/// CMakeLists.txt.
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

/// A matrix that one or more blocks use.
struct GemmMatrix {
  const std::int32_t* weights;
  std::size_t rows, cols;
  std::size_t place;         ///< of its packed weights
  std::int64_t sum = 0;      ///< the largest Σ_k |w[r][k]|
  std::int64_t largest = 1;  ///< at least every |w|
};

/// Some rows of a block.
template <typename Word>
struct GemmGroup {
  const Word* weights;  ///< column by column
  const std::uint32_t* columns;
  const GemmRow* rows;
  std::size_t cols;
  std::size_t period;  ///< terms between two reductions
};

/// The matrices of a call, each once, and memory for panels: strips of columns of all inputs, as
/// the kernel wants them. `Word` is what a weight becomes.
template <typename Word>
class GemmPlan {
 public:
  explicit GemmPlan(const Gemm& gemm) : gemm_(gemm) {
    list_bytes_ = gemm.block_count * (sizeof(GemmMatrix) + sizeof(std::uint32_t)) + 1;
    matrices_ = static_cast<GemmMatrix*>(base::pool_acquire(list_bytes_));
    matrix_of_ = reinterpret_cast<std::uint32_t*>(matrices_ + gemm.block_count);
    for (std::size_t b = 0; b < gemm.block_count; ++b) matrix_of_[b] = find(gemm.blocks[b]);
  }
  ~GemmPlan() {
    if (weights_ != nullptr) base::pool_release(weights_, word_bytes_);
    base::pool_release(matrices_, list_bytes_);
  }
  GemmPlan(const GemmPlan&) = delete;
  GemmPlan& operator=(const GemmPlan&) = delete;

  /// Σ_k |w[r][k]| of every row of every block is at most this.
  std::int64_t largest_sum() const { return largest_sum_; }

  /// Packs all weights as encode(w). Panels take `panel_words` words an input for `panel_columns`
  /// columns; a strip has as many panels as fit `strip_bytes`, at least one. Sums of |weight| above
  /// `sum_limit` are to be reduced in between.
  template <typename Encode>
  void prepare(std::size_t panel_words, std::size_t panel_columns, std::size_t min_strip,
               std::size_t max_strip, std::size_t strip_bytes, std::int64_t sum_limit,
               const Encode& encode) {
    panel_size_ = gemm_.inputs * panel_words;
    panel_columns_ = panel_columns;
    sum_limit_ = sum_limit;
    strip_ = max_strip;
    while (strip_ > min_strip &&
           strip_ / panel_columns * panel_size_ * sizeof(Word) > strip_bytes) {
      strip_ /= 2;
    }
    constexpr std::size_t kLine = 64 / sizeof(Word);
    const std::size_t weight_words = (weight_count_ + kLine - 1) / kLine * kLine;
    word_bytes_ = (weight_words + strip_ / panel_columns * panel_size_ + 1) * sizeof(Word);
    weights_ = static_cast<Word*>(base::pool_acquire(word_bytes_));
    panels_ = weights_ + weight_words;
    for (std::size_t m = 0; m < matrix_count_; ++m) pack(matrices_[m], encode);
  }

  std::size_t strip() const { return strip_; }  ///< columns, a multiple of panel_columns
  Word* panels() const { return panels_; }
  std::size_t panel_size() const { return panel_size_; }  ///< words from one panel to the next

  /// Calls multiply(rows, group, panel, column) for every row group of every block and every panel
  /// of a strip of `width` columns from `column`.
  template <typename Multiply>
  void for_panels(std::size_t column, std::size_t width, const Multiply& multiply) const {
    for (std::size_t b = 0; b < gemm_.block_count; ++b) {
      const GemmBlock& block = gemm_.blocks[b];
      const GemmMatrix& matrix = matrices_[matrix_of_[b]];
      const std::size_t period = matrix.sum <= sum_limit_
                                     ? matrix.cols
                                     : static_cast<std::size_t>(sum_limit_ / matrix.largest);
      const RowGroups groups(block.row_count);
      for (std::size_t g = 0; g < groups.count; ++g) {
        const std::size_t row = groups.begin(g);
        const GemmGroup<Word> group = {weights_ + matrix.place + row * block.col_count,
                                       block.columns, block.rows + row, block.col_count, period};
        const Word* panel = panels_;
        for (std::size_t c = 0; c < width; c += panel_columns_, panel += panel_size_) {
          multiply(groups.begin(g + 1) - row, group, panel, column + c);
        }
      }
    }
  }

 private:
  std::uint32_t find(const GemmBlock& block) {
    SERDAB_ASSERT(block.col_count <= 4096);
    // Tiles have few matrices, and neighbouring blocks often the same.
    for (std::size_t m = matrix_count_; m-- > 0;) {
      const GemmMatrix& known = matrices_[m];
      if (known.weights == block.weights && known.rows == block.row_count &&
          known.cols == block.col_count) {
        return static_cast<std::uint32_t>(m);
      }
    }
    GemmMatrix& fresh = matrices_[matrix_count_];
    fresh = {block.weights, block.row_count, block.col_count, weight_count_};
    measure(fresh);
    weight_count_ += fresh.rows * fresh.cols;
    if (fresh.sum > largest_sum_) largest_sum_ = fresh.sum;
    return static_cast<std::uint32_t>(matrix_count_++);
  }
  static void measure(GemmMatrix& matrix) {
    for (std::size_t r = 0; r < matrix.rows; ++r) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < matrix.cols; ++k) {
        const std::int32_t w = matrix.weights[r * matrix.cols + k];
        SERDAB_ASSERT(w > -(1 << 20) && w < (1 << 20));
        const std::int64_t size = w < 0 ? -std::int64_t{w} : std::int64_t{w};
        sum += size;
        if (size > matrix.largest) matrix.largest = size;
      }
      if (sum > matrix.sum) matrix.sum = sum;
    }
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
  std::size_t list_bytes_, word_bytes_ = 0;
  GemmMatrix* matrices_;
  std::uint32_t* matrix_of_;
  std::size_t matrix_count_ = 0, weight_count_ = 0;
  std::int64_t largest_sum_ = 0, sum_limit_ = 0;
  std::size_t panel_size_ = 0, panel_columns_ = 0, strip_ = 0;
  Word* weights_ = nullptr;
  Word* panels_ = nullptr;
};

}  // namespace
}  // namespace serdab::kernels
