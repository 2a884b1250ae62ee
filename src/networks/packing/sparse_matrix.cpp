#include "networks/packing/sparse_matrix.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/base/assert.h"
#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace serdab::packing {

void SparseBuilder::reserve(std::size_t rows, std::size_t nonzeros) {
  matrix_.row_ptr.reserve(rows + 1);
  matrix_.col.reserve(nonzeros);
  matrix_.value.reserve(nonzeros);
}

void SparseBuilder::end_row() {
  const auto by_column = [](const Entry& a, const Entry& b) { return a.column < b.column; };
  if (!std::is_sorted(row_.begin(), row_.end(), by_column)) {
    std::stable_sort(row_.begin(), row_.end(), by_column);
  }
  for (std::size_t i = 0; i < row_.size();) {
    const std::uint32_t column = row_[i].column;
    SERDAB_ASSERT(column < matrix_.cols);
    double total = 0.0;
    for (; i < row_.size() && row_[i].column == column; ++i) total += row_[i].value;
    if (total == 0.0) continue;
    matrix_.col.push_back(column);
    matrix_.value.push_back(total);
  }
  row_.clear();
  matrix_.row_ptr.push_back(matrix_.col.size());
  ++matrix_.rows;
}

SparseMatrix identity(std::size_t size) { return diagonal(std::vector<double>(size, 1.0)); }

SparseMatrix diagonal(std::span<const double> values) {
  SparseBuilder builder(values.size());
  builder.reserve(values.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    builder.add(i, values[i]);
    builder.end_row();
  }
  return builder.finish();
}

SparseMatrix selection(std::span<const std::size_t> index, std::size_t cols) {
  SparseBuilder builder(cols);
  builder.reserve(index.size(), index.size());
  for (std::size_t i : index) {
    builder.add(i, 1.0);
    builder.end_row();
  }
  return builder.finish();
}

SparseMatrix placement(std::span<const std::size_t> index, std::size_t rows) {
  std::vector<std::uint32_t> source(rows, kNoColumn);
  for (std::size_t i = 0; i < index.size(); ++i) source[index[i]] = static_cast<std::uint32_t>(i);
  SparseBuilder builder(index.size());
  builder.reserve(rows, index.size());
  for (std::uint32_t column : source) {
    if (column != kNoColumn) builder.add(column, 1.0);
    builder.end_row();
  }
  return builder.finish();
}

namespace {

/// Gustavson's row-by-row product: one dense accumulator, marked by the row that last touched it.
class RowProduct {
 public:
  RowProduct(const SparseMatrix& a, const SparseMatrix& b)
      : a_(a), b_(b), sum_(b.cols, 0.0), mark_(b.cols, SIZE_MAX) {}

  /// Columns (unsorted) of row r of the product; their sums are then in sum(column).
  const std::vector<std::uint32_t>& row(std::size_t r) {
    touched_.clear();
    const auto columns = a_.row_columns(r);
    const auto values = a_.row_values(r);
    for (std::size_t i = 0; i < columns.size(); ++i) add_row(r, columns[i], values[i]);
    return touched_;
  }
  double sum(std::uint32_t column) const { return sum_[column]; }

 private:
  void add_row(std::size_t r, std::uint32_t k, double factor) {
    const auto columns = b_.row_columns(k);
    const auto values = b_.row_values(k);
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const std::uint32_t column = columns[j];
      if (mark_[column] != r) {
        mark_[column] = r;
        sum_[column] = 0.0;
        touched_.push_back(column);
      }
      sum_[column] += factor * values[j];
    }
  }

  const SparseMatrix &a_, &b_;
  std::vector<double> sum_;
  std::vector<std::size_t> mark_;
  std::vector<std::uint32_t> touched_;
};

constexpr std::size_t kRowsPerTask = 2048;

std::size_t task_count(std::size_t rows) { return (rows + kRowsPerTask - 1) / kRowsPerTask; }

void append(SparseMatrix& to, const SparseMatrix& from) {
  const std::size_t offset = to.col.size();
  to.col.insert(to.col.end(), from.col.begin(), from.col.end());
  to.value.insert(to.value.end(), from.value.begin(), from.value.end());
  for (std::size_t r = 1; r <= from.rows; ++r) to.row_ptr.push_back(offset + from.row_ptr[r]);
  to.rows += from.rows;
}

}  // namespace

SparseMatrix product(const SparseMatrix& a, const SparseMatrix& b) {
  SERDAB_ASSERT(a.cols == b.rows);
  std::vector<SparseMatrix> parts(task_count(a.rows));
  base::parallel_for(parts.size(), [&](std::size_t task) {
    RowProduct rows(a, b);
    SparseBuilder builder(b.cols);
    const std::size_t end = std::min(a.rows, (task + 1) * kRowsPerTask);
    for (std::size_t r = task * kRowsPerTask; r < end; ++r) {
      for (std::uint32_t column : rows.row(r)) builder.add(column, rows.sum(column));
      builder.end_row();
    }
    parts[task] = builder.finish();
  });
  SparseMatrix result;
  result.cols = b.cols;
  for (SparseMatrix& part : parts) {
    append(result, part);
    part = SparseMatrix();
  }
  return result;
}

std::size_t product_nonzeros(const SparseMatrix& a, const SparseMatrix& b) {
  SERDAB_ASSERT(a.cols == b.rows);
  std::vector<std::size_t> mark(b.cols, SIZE_MAX);
  std::size_t count = 0;
  for (std::size_t r = 0; r < a.rows; ++r) {
    for (std::uint32_t k : a.row_columns(r)) {
      for (std::uint32_t column : b.row_columns(k)) {
        if (mark[column] == r) continue;
        mark[column] = r;
        ++count;
      }
    }
  }
  return count;
}

SparseMatrix sum(const SparseMatrix& a, const SparseMatrix& b) {
  SERDAB_ASSERT(a.rows == b.rows && a.cols == b.cols);
  SparseBuilder builder(a.cols);
  builder.reserve(a.rows, a.nonzeros() + b.nonzeros());
  for (std::size_t r = 0; r < a.rows; ++r) {
    for (const SparseMatrix* m : {&a, &b}) {
      const auto columns = m->row_columns(r);
      const auto values = m->row_values(r);
      for (std::size_t i = 0; i < columns.size(); ++i) builder.add(columns[i], values[i]);
    }
    builder.end_row();
  }
  return builder.finish();
}

SparseMatrix beside(std::span<const SparseMatrix* const> matrices) {
  std::size_t cols = 0, nonzeros = 0;
  for (const SparseMatrix* m : matrices) {
    SERDAB_ASSERT(m->rows == matrices[0]->rows);
    cols += m->cols;
    nonzeros += m->nonzeros();
  }
  const std::size_t rows = matrices.empty() ? 0 : matrices[0]->rows;
  SparseBuilder builder(cols);
  builder.reserve(rows, nonzeros);
  for (std::size_t r = 0; r < rows; ++r) {
    std::size_t offset = 0;
    for (const SparseMatrix* m : matrices) {
      const auto columns = m->row_columns(r);
      const auto values = m->row_values(r);
      for (std::size_t i = 0; i < columns.size(); ++i) builder.add(offset + columns[i], values[i]);
      offset += m->cols;
    }
    builder.end_row();
  }
  return builder.finish();
}

SparseMatrix restricted(const SparseMatrix& a, std::span<const std::size_t> rows,
                        std::span<const std::uint32_t> new_column, std::size_t cols) {
  SERDAB_ASSERT(new_column.size() == a.cols);
  SparseBuilder builder(cols);
  for (std::size_t r : rows) {
    const auto columns = a.row_columns(r);
    const auto values = a.row_values(r);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      SERDAB_ASSERT(new_column[columns[i]] != kNoColumn);
      builder.add(new_column[columns[i]], values[i]);
    }
    builder.end_row();
  }
  return builder.finish();
}

std::vector<double> apply_map(const SparseMatrix& a, std::span<const double> x) {
  SERDAB_ASSERT(x.size() == a.cols);
  std::vector<double> y(a.rows, 0.0);
  for (std::size_t r = 0; r < a.rows; ++r) {
    const auto columns = a.row_columns(r);
    const auto values = a.row_values(r);
    for (std::size_t i = 0; i < columns.size(); ++i) y[r] += values[i] * x[columns[i]];
  }
  return y;
}

void verify(const SparseMatrix& a) {
  const auto check = [](bool condition, const char* message) {
    base::require(condition, base::ErrorCode::kInvalidArgument, message);
  };
  check(a.row_ptr.size() == a.rows + 1 && a.row_ptr.front() == 0, "sparse matrix: row_ptr's size");
  check(std::is_sorted(a.row_ptr.begin(), a.row_ptr.end()), "sparse matrix: row_ptr descends");
  check(a.row_ptr.back() == a.col.size() && a.col.size() == a.value.size(),
        "sparse matrix: row_ptr, col and value disagree");
  for (std::size_t r = 0; r < a.rows; ++r) {
    const auto columns = a.row_columns(r);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      check(columns[i] < a.cols, "sparse matrix: a column is outside");
      check(i == 0 || columns[i - 1] < columns[i], "sparse matrix: columns do not ascend");
    }
  }
  for (double v : a.value) check(v != 0.0 && std::isfinite(v), "sparse matrix: zero or not finite");
}

}  // namespace serdab::packing
