#include "service/client/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace serdab::client {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

TEST(Answers, LabelsAndConfidences) {
  // Two classes one apart; three alike; outputs whose powers of e no double holds.
  const Answers two{2, 2, {0, 1, 2, 1}};
  const double sure = 1 / (1 + std::exp(-1.0));
  EXPECT_THAT(labels(two), ElementsAre(1, 0));
  EXPECT_THAT(confidences(two), ElementsAre(DoubleNear(sure, 1e-15), DoubleNear(sure, 1e-15)));
  EXPECT_THAT(confidences({1, 3, {5, 5, 5}}), ElementsAre(DoubleNear(1.0 / 3, 1e-15)));
  EXPECT_THAT(confidences({1, 2, {-1e6, 1e6}}), ElementsAre(1.0));
  EXPECT_THAT(confidences({0, 2, {}}), ElementsAre());
}

}  // namespace
}  // namespace serdab::client
