#include "networks/datasets/tables/scaling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/error.h"

namespace serdab::datasets {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

/// Rows 0 to 2 train, row 3 tests.
Table small() {
  return {{"a", "same", "b"}, {0, 7, 10, 4, 7, 20, 2, 7, 60, 9, 8, 35},
          {1, 2, 3, 4},       "kind",
          {0, 1, 0, 1},       {"no", "yes"}};
}

constexpr std::size_t kTraining[] = {0, 1, 2}, kTest[] = {3};

TEST(Scaling, MinMaxUsesTrainingRowsAlone) {
  const Table table = small();
  const Scaling scaling = fit_scaling(table, kTraining, ScalingMethod::kMinMax);
  ASSERT_EQ(scaling.width(), 2u);
  EXPECT_EQ(scaling.columns[0].high, 4.0);  // not the 9 of the test row
  EXPECT_EQ(scaling.columns[1].column, 2u);
  EXPECT_EQ(scaling.columns[1].mean, 30.0);
  const ScaledRows training = scale_rows(scaling, table, kTraining);
  EXPECT_THAT(training.values,
              ElementsAre(DoubleNear(-1, 1e-12), DoubleNear(-1, 1e-12), DoubleNear(1, 1e-12),
                          DoubleNear(-0.6, 1e-12), DoubleNear(0, 1e-12), DoubleNear(1, 1e-12)));
  EXPECT_EQ(training.clamped, 0u);
}

TEST(Scaling, ConstantColumnsAreDroppedByName) {
  const Scaling scaling = fit_scaling(small(), kTraining, ScalingMethod::kMinMax);
  ASSERT_EQ(scaling.dropped.size(), 1u);
  EXPECT_EQ(scaling.dropped[0].name, "same");
  EXPECT_EQ(scaling.dropped[0].low, 7.0);
}

TEST(Scaling, TestValuesAreClampedAndCounted) {
  const Table table = small();
  const Scaling scaling = fit_scaling(table, kTraining, ScalingMethod::kMinMax);
  const ScaledRows test = scale_rows(scaling, table, kTest);
  EXPECT_THAT(test.values, ElementsAre(1.0, DoubleNear(0, 1e-12)));
  EXPECT_EQ(test.clamped, 1u);
  EXPECT_EQ(scale_row(scaling, table.row(3)), test.values);
  EXPECT_THROW(scale_row(scaling, test.values), base::Error);
}

TEST(Scaling, StandardHasMeanZeroAndDeviationOne) {
  const Table table = small();
  const Scaling scaling = fit_scaling(table, kTraining, ScalingMethod::kStandard, 1.3);
  EXPECT_NEAR(scaling.columns[0].deviation, std::sqrt(8.0 / 3), 1e-12);
  const Scaling wide = fit_scaling(table, kTraining, ScalingMethod::kStandard);
  const std::vector<double> values = scale_rows(wide, table, kTraining).values;
  EXPECT_NEAR(values[0] + values[2] + values[4], 0, 1e-12);
  EXPECT_NEAR(values[1] * values[1] + values[3] * values[3] + values[5] * values[5], 3, 1e-12);
  EXPECT_EQ(scale_rows(scaling, table, kTraining).clamped, 1u);  // 60 is 1.39 deviations off
  EXPECT_EQ(scale_rows(wide, table, kTest).values[0], 4.0);      // 9 is 4.29 deviations off
}

TEST(Scaling, UnitValuesAreUndoneByOneLine) {
  const Table table = small();
  for (const auto method : {ScalingMethod::kMinMax, ScalingMethod::kStandard}) {
    const Scaling scaling = fit_scaling(table, kTraining, method);
    const std::vector<double> scaled = scale_rows(scaling, table, kTest).values;
    const std::vector<double> unit = to_unit(scaling, scaled);
    EXPECT_EQ(unit[0], 1.0);  // clamped
    for (std::size_t k = 0; k < unit.size(); ++k) {
      EXPECT_NEAR(2 * scaling.limit * unit[k] - scaling.limit, scaled[k], 1e-14);
    }
  }
}

TEST(Scaling, Refuses) {
  Table table = small();
  EXPECT_THROW(fit_scaling(table, {}, ScalingMethod::kMinMax), base::Error);
  EXPECT_THROW(fit_scaling(table, kTraining, ScalingMethod::kStandard, 0.0), base::Error);
  EXPECT_THROW(fit_scaling(table, kTest, ScalingMethod::kMinMax), base::Error);  // one row
}

}  // namespace
}  // namespace serdab::datasets
