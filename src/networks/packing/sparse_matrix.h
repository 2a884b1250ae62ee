#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace serdab::packing {

/// A linear map in compressed rows: y = A·x, rows are outputs, columns inputs. Row r holds the
/// entries [row_ptr[r], row_ptr[r + 1]) of `col` (strictly ascending, < cols) and `value` (no exact
/// zeros). A value type; const access may be shared between threads.
struct SparseMatrix {
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::vector<std::size_t> row_ptr{0};
  std::vector<std::uint32_t> col;
  std::vector<double> value;

  std::size_t nonzeros() const { return col.size(); }
  std::span<const std::uint32_t> row_columns(std::size_t r) const {
    return {col.data() + row_ptr[r], row_ptr[r + 1] - row_ptr[r]};
  }
  std::span<const double> row_values(std::size_t r) const {
    return {value.data() + row_ptr[r], row_ptr[r + 1] - row_ptr[r]};
  }
  bool operator==(const SparseMatrix&) const = default;
};

/// Writes a matrix row by row. Entries of a row may come in any order; those of one column are
/// added, in the order in which they came; sums that are exactly zero are dropped.
class SparseBuilder {
 public:
  explicit SparseBuilder(std::size_t cols) { matrix_.cols = cols; }
  void reserve(std::size_t rows, std::size_t nonzeros);
  /// An entry of the current row; column < cols.
  void add(std::size_t column, double value) {
    row_.push_back({static_cast<std::uint32_t>(column), value});
  }
  void end_row();
  SparseMatrix finish() { return std::move(matrix_); }

 private:
  struct Entry {
    std::uint32_t column;
    double value;
  };
  SparseMatrix matrix_;
  std::vector<Entry> row_;
};

SparseMatrix identity(std::size_t size);
SparseMatrix diagonal(std::span<const double> values);
/// y[i] = x[index[i]], from a value of `cols` elements.
SparseMatrix selection(std::span<const std::size_t> index, std::size_t cols);
/// y[index[i]] = x[i], zero elsewhere: `rows` outputs.
SparseMatrix placement(std::span<const std::size_t> index, std::size_t rows);

/// a·b: first b, then a. a.cols == b.rows. Works on all cores; independent of how many.
SparseMatrix product(const SparseMatrix& a, const SparseMatrix& b);
/// How many entries product(a, b) has when nothing cancels; costs no memory for them.
std::size_t product_nonzeros(const SparseMatrix& a, const SparseMatrix& b);
/// a + b, of equal extents.
SparseMatrix sum(const SparseMatrix& a, const SparseMatrix& b);
/// [m0 m1 …]: the maps side by side, of equal rows; applied to the values one after another.
SparseMatrix beside(std::span<const SparseMatrix* const> matrices);
/// The rows kept, in the order given; columns renumbered by new_column (dropped columns hold
/// kNoColumn and must not be used by a kept row).
SparseMatrix restricted(const SparseMatrix& a, std::span<const std::size_t> rows,
                        std::span<const std::uint32_t> new_column, std::size_t cols);
inline constexpr std::uint32_t kNoColumn = 0xffffffffu;

/// A·x for one vector of a.cols values.
std::vector<double> apply_map(const SparseMatrix& a, std::span<const double> x);

/// Throws base::Error (kInvalidArgument) unless every invariant of SparseMatrix holds.
void verify(const SparseMatrix& a);

}  // namespace serdab::packing
