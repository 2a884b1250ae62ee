// Sums and copies by repeated rotation, both rings.
#include "engine/circuits/rotate_sum.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/ckks_secret/internal/test_bench.h"

namespace serdab::circuits {
namespace {

using namespace ckks_secret::testing_only;

class InsecureRotateSum : public testing::TestWithParam<RingKind> {
 protected:
  Bench bench{ckks_params::Parameters::create_insecure_for_tests(chain(GetParam(), 10, 3, 1))};
  const Level top = bench.context.max_level();
};

TEST_P(InsecureRotateSum, SumsStridedSlots) {
  const auto keys = bench.rotation_keys({3, 6, 12}, top);
  const Values x = bench.random_values(1);
  Ciphertext c = bench.encrypt(x, top, Scale{0x1p40});
  rotate_sum(bench.evaluator, c, sum_steps(8, 3), keys);
  Values expected(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < 8; ++j) expected[i] += x[(i + 3 * j) % x.size()];
  }
  EXPECT_GT(precision_bits(bench.decrypt(c), expected), 22);
  EXPECT_EQ(c.scale(), Scale{0x1p40});
  EXPECT_EQ(c.level(), top);
}

TEST_P(InsecureRotateSum, ReplicatesIntoZeros) {
  const auto keys = bench.rotation_keys({-1, -2}, top);
  Values x = bench.random_values(1);
  Values expected(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i % 4 != 0) x[i] = 0;
    expected[i] = x[i / 4 * 4];
  }
  Ciphertext c = bench.encrypt(x, top, Scale{0x1p40});
  rotate_sum(bench.evaluator, c, replicate_steps(4), keys);
  EXPECT_GT(precision_bits(bench.decrypt(c), expected), 22);
}

TEST_P(InsecureRotateSum, RotationsOfSeveralSteps) {
  const auto keys = bench.rotation_keys({1, 4}, top);
  const Values x = bench.random_values(1);
  Ciphertext c = bench.encrypt(x, top, Scale{0x1p40});
  const std::vector<Rotation> rotations = {{5, {4, 1}}, {1, {1}}};
  rotate_sum(bench.evaluator, c, rotations, keys);
  Values expected(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (const std::size_t shift : {0, 1, 5, 6}) expected[i] += x[(i + shift) % x.size()];
  }
  EXPECT_GT(precision_bits(bench.decrypt(c), expected), 24);
}

TEST_P(InsecureRotateSum, NothingToAdd) {
  EXPECT_TRUE(sum_steps(1).empty());
  EXPECT_THROW(sum_steps(6), base::Error);
  EXPECT_THROW(sum_steps(0), base::Error);
}

INSTANTIATE_TEST_SUITE_P(BothRings, InsecureRotateSum,
                         testing::Values(RingKind::kStandard, RingKind::kConjugateInvariant));

}  // namespace
}  // namespace serdab::circuits
