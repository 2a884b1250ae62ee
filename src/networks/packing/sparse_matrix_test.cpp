#include "networks/packing/sparse_matrix.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/base/error.h"

namespace serdab::packing {
namespace {

/// Random entries at the given density, small integers so that sums are exact.
SparseMatrix random_matrix(std::size_t rows, std::size_t cols, double density, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<double> chance(0.0, 1.0);
  std::uniform_int_distribution<int> entry(-3, 3);
  SparseBuilder builder(cols);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = cols; c-- > 0;) {
      if (chance(engine) < density) builder.add(c, entry(engine));
    }
    builder.end_row();
  }
  return builder.finish();
}

std::vector<double> random_vector(std::size_t size, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_int_distribution<int> entry(-9, 9);
  std::vector<double> result(size);
  for (double& value : result) value = entry(engine);
  return result;
}

TEST(SparseBuilder, SortsAddsAndDropsZeros) {
  SparseBuilder builder(5);
  builder.add(3, 1.0);
  builder.add(1, 2.0);
  builder.add(3, 4.0);
  builder.add(0, 7.0);
  builder.add(0, -7.0);
  builder.end_row();
  builder.end_row();
  const SparseMatrix matrix = builder.finish();
  verify(matrix);
  EXPECT_EQ(matrix.col, (std::vector<std::uint32_t>{1, 3}));
  EXPECT_EQ(matrix.value, (std::vector<double>{2.0, 5.0}));
  EXPECT_EQ(matrix.row_ptr, (std::vector<std::size_t>{0, 2, 2}));
}

TEST(SparseMatrix, ProductAppliesBothMaps) {
  const SparseMatrix a = random_matrix(5000, 40, 0.2, 1), b = random_matrix(40, 60, 0.3, 2);
  const SparseMatrix ab = product(a, b);
  verify(ab);
  const auto x = random_vector(60, 3);
  EXPECT_EQ(apply_map(ab, x), apply_map(a, apply_map(b, x)));
  EXPECT_GE(product_nonzeros(a, b), ab.nonzeros());
  EXPECT_EQ(product(a, identity(40)), a);
  EXPECT_EQ(product(identity(5000), a), a);
}

TEST(SparseMatrix, ProductIsAssociativeAndDistributes) {
  const SparseMatrix a = random_matrix(7, 9, 0.5, 1), b = random_matrix(9, 8, 0.5, 2);
  const SparseMatrix c = random_matrix(9, 8, 0.5, 3), d = random_matrix(8, 6, 0.5, 4);
  EXPECT_EQ(product(product(a, b), d), product(a, product(b, d)));
  EXPECT_EQ(product(a, sum(b, c)), sum(product(a, b), product(a, c)));
}

TEST(SparseMatrix, ProductCancelsExactly) {
  SparseBuilder difference(2);
  difference.add(0, 1.0);
  difference.add(1, -1.0);
  difference.end_row();
  SparseBuilder twice(1);
  twice.add(0, 5.0);
  twice.end_row();
  twice.add(0, 5.0);
  twice.end_row();
  EXPECT_EQ(product(difference.finish(), twice.finish()).nonzeros(), 0u);
}

TEST(SparseMatrix, SelectionAndPlacementAreInverse) {
  const std::vector<std::size_t> index{4, 0, 2};
  const SparseMatrix take = selection(index, 5), put = placement(index, 5);
  EXPECT_EQ(apply_map(take, std::vector<double>{0, 1, 2, 3, 4}), (std::vector<double>{4, 0, 2}));
  EXPECT_EQ(apply_map(put, std::vector<double>{7, 8, 9}), (std::vector<double>{8, 0, 9, 0, 7}));
  EXPECT_EQ(product(take, put), identity(3));
}

TEST(SparseMatrix, BesideAppliesToValuesInARow) {
  const SparseMatrix a = random_matrix(6, 4, 0.5, 1), b = random_matrix(6, 3, 0.5, 2);
  const std::vector<const SparseMatrix*> both{&a, &b};
  const SparseMatrix joined = beside(both);
  verify(joined);
  const auto x = random_vector(7, 5);
  const auto left = apply_map(a, std::span(x).first(4)), right = apply_map(b, std::span(x).last(3));
  const auto y = apply_map(joined, x);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(y[i], left[i] + right[i]);
}

TEST(SparseMatrix, RestrictedKeepsRowsAndRenumbersColumns) {
  SparseBuilder builder(4);
  for (std::size_t r = 0; r < 4; ++r) {
    builder.add(r, 1.0 + static_cast<double>(r));
    builder.end_row();
  }
  const std::vector<std::size_t> rows{1, 3};
  const std::vector<std::uint32_t> columns{kNoColumn, 0, kNoColumn, 1};
  const SparseMatrix kept = restricted(builder.finish(), rows, columns, 2);
  EXPECT_EQ(kept, diagonal(std::vector<double>{2.0, 4.0}));
}

TEST(SparseMatrix, VerifyFindsBrokenInvariants) {
  SparseMatrix matrix = identity(3);
  matrix.col[1] = 3;
  EXPECT_THROW(verify(matrix), base::Error);
  matrix = identity(3);
  matrix.value[2] = 0.0;
  EXPECT_THROW(verify(matrix), base::Error);
  matrix = identity(3);
  matrix.row_ptr[3] = 2;
  EXPECT_THROW(verify(matrix), base::Error);
}

}  // namespace
}  // namespace serdab::packing
