#include "networks/datasets/tables/folds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "engine/base/error.h"

namespace serdab::datasets {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Table labelled(const std::vector<std::size_t>& counts) {
  Table table;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    table.classes.push_back("class" + std::to_string(c));
    table.labels.insert(table.labels.end(), counts[c], static_cast<int>(c));
  }
  return table;
}

std::size_t count_class(const Table& table, const std::vector<std::size_t>& rows, int label) {
  return static_cast<std::size_t>(std::count_if(
      rows.begin(), rows.end(), [&](std::size_t row) { return table.labels[row] == label; }));
}

TEST(Folds, EveryRowIsTestedOnceAndClassesAreEven) {
  const Table table = labelled({23, 9, 50});
  const auto folds = stratified_folds(table, 5, 3);
  ASSERT_EQ(folds.size(), 5u);
  std::vector<std::size_t> tested(table.rows());
  for (const Fold& fold : folds) {
    EXPECT_EQ(fold.training.size() + fold.test.size(), table.rows());
    EXPECT_TRUE(std::is_sorted(fold.training.begin(), fold.training.end()));
    for (std::size_t row : fold.test) {
      ++tested[row];
      EXPECT_FALSE(std::binary_search(fold.training.begin(), fold.training.end(), row));
    }
    EXPECT_NEAR(static_cast<double>(fold.test.size()), 82 / 5.0, 1);
    EXPECT_NEAR(static_cast<double>(count_class(table, fold.test, 0)), 23 / 5.0, 1);
    EXPECT_NEAR(static_cast<double>(count_class(table, fold.test, 1)), 9 / 5.0, 1);
    EXPECT_EQ(count_class(table, fold.test, 2), 10u);
  }
  EXPECT_EQ(tested, std::vector<std::size_t>(table.rows(), 1));
}

TEST(Folds, DependOnTheSeedAlone) {
  const Table table = labelled({20, 20});
  EXPECT_EQ(stratified_folds(table, 4, 7)[0].test, stratified_folds(table, 4, 7)[0].test);
  EXPECT_NE(stratified_folds(table, 4, 7)[0].test, stratified_folds(table, 4, 8)[0].test);
  // The same on every machine.
  EXPECT_THAT(mini_batches(10, 5, 1, 1)[0], ElementsAre(1, 7, 3, 9, 4));
}

TEST(Folds, SmallClassIsNamed) {
  try {
    stratified_folds(labelled({20, 4}), 5, 1);
    FAIL() << "was accepted";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("'class1' has 4 rows"));
  }
  EXPECT_THROW(stratified_folds(labelled({20, 4}), 1, 1), base::Error);
}

TEST(ClassWeights, AreInverseWithMeanOne) {
  const Table table = labelled({30, 10});
  const auto weights = class_weights(table.labels, 2);
  EXPECT_THAT(weights, ElementsAre(DoubleNear(2.0 / 3, 1e-15), DoubleNear(2, 1e-15)));
  double sum = 0;
  for (int label : table.labels) sum += weights[static_cast<std::size_t>(label)];
  EXPECT_NEAR(sum / 40, 1, 1e-12);
  EXPECT_THROW(class_weights(table.labels, 3), base::Error);
}

TEST(MiniBatches, EveryPassUsesARowAtMostOnce) {
  const auto batches = mini_batches(23, 5, 9, 1);
  ASSERT_EQ(batches.size(), 9u);
  for (std::size_t pass = 0; pass < 8; pass += 4) {
    std::set<std::size_t> used;
    for (std::size_t b = pass; b < pass + 4; ++b) {
      ASSERT_EQ(batches[b].size(), 5u);
      used.insert(batches[b].begin(), batches[b].end());
    }
    EXPECT_EQ(used.size(), 20u);
    EXPECT_LT(*used.rbegin(), 23u);
  }
  EXPECT_NE(batches[0], batches[4]);
  EXPECT_EQ(batches, mini_batches(23, 5, 9, 1));
}

TEST(MiniBatches, FullBatchAndRefusals) {
  std::vector<std::size_t> all(4);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_THAT(mini_batches(4, 0, 2, 1), ElementsAre(all, all));
  EXPECT_THAT(mini_batches(4, 4, 1, 1), ElementsAre(all));
  EXPECT_THROW(mini_batches(4, 5, 1, 1), base::Error);
  EXPECT_THROW(mini_batches(0, 0, 1, 1), base::Error);
}

}  // namespace
}  // namespace serdab::datasets
