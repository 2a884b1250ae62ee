// Sums of several ciphertexts, each by a rotation of its own, both rings.
#include "engine/circuits/rotated_total.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/ckks_secret/internal/test_bench.h"
#include "engine/ring/arithmetic.h"

namespace serdab::circuits {
namespace {

using namespace ckks_secret::testing_only;

class InsecureRotatedTotal : public testing::TestWithParam<RingKind> {
 protected:
  InsecureRotatedTotal() {
    for (std::uint64_t e = 0; e < rotations.size(); ++e) {
      values.push_back(bench.random_values(e));
      inputs.push_back(bench.encrypt(values.back(), top, Scale{0x1p40}));
      const Values moved = rotated(values.back(), rotations[e].shift);
      expected = e == 0 ? moved : map2(expected, moved, [](auto u, auto v) { return u + v; });
    }
    for (const Ciphertext& input : inputs) pointers.push_back(&input);
  }

  Bench bench{ckks_params::Parameters::create_insecure_for_tests(chain(GetParam(), 10, 3, 1))};
  const Level top = bench.context.max_level();
  const std::vector<Rotation> rotations = {{5, {4, 1}}, {0, {}}, {1, {1}}, {0, {}}, {4, {4}}};
  const ckks::GaloisKeys keys = bench.rotation_keys({1, 4}, top);
  std::vector<Values> values;
  Values expected;
  std::vector<Ciphertext> inputs;
  std::vector<const Ciphertext*> pointers;
};

TEST_P(InsecureRotatedTotal, SumsWhatIsRotated) {
  const Ciphertext total = rotated_total(bench.evaluator, pointers, rotations, keys);
  EXPECT_GT(precision_bits(bench.decrypt(total), expected), 24);
  EXPECT_EQ(total.scale(), Scale{0x1p40});
  EXPECT_EQ(total.level(), top);
}

TEST_P(InsecureRotatedTotal, DividesTogetherWithTheRescale) {
  for (Ciphertext& input : inputs) {
    bench.evaluator.multiply_integer(input, std::int64_t{1} << 40);
    input.set_info(top, Scale{0x1p80});
  }
  StageSeconds seconds;
  const Ciphertext total = rotated_total(bench.evaluator, pointers, rotations, keys, 1, &seconds);
  EXPECT_GT(precision_bits(bench.decrypt(total), expected), 24);
  EXPECT_EQ(total.level().value, top.value - 1);
  Ciphertext after = rotated_total(bench.evaluator, pointers, rotations, keys);
  bench.evaluator.rescale(after);
  EXPECT_EQ(total.scale(), after.scale());
}

// Nothing is switched, so nothing is lost: P·x/P is x.
TEST_P(InsecureRotatedTotal, WithoutRotationsIsTheSum) {
  const std::vector<Rotation> none(inputs.size());
  const Ciphertext total = rotated_total(bench.evaluator, pointers, none, keys);
  Ciphertext sum = inputs[0].clone();
  for (std::size_t e = 1; e < inputs.size(); ++e) bench.evaluator.add_inplace(sum, inputs[e]);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(ring::equal(bench.context.basis(top), total.part(i), sum.part(i)));
  }
}

TEST_P(InsecureRotatedTotal, RefusesWhatDoesNotAgree) {
  const auto run = [&](std::span<const Rotation> by) {
    return rotated_total(bench.evaluator, pointers, by, keys);
  };
  EXPECT_THROW(run(std::span(rotations).first(4)), base::Error);
  std::vector<Rotation> no_key = rotations;
  no_key[2] = {3, {3}};
  EXPECT_THROW(run(no_key), base::Error);
  bench.evaluator.mod_drop(inputs[3], Level{1});
  EXPECT_THROW(run(rotations), base::Error);
  EXPECT_THROW(rotated_total(bench.evaluator, {}, {}, keys), base::Error);
}

INSTANTIATE_TEST_SUITE_P(BothRings, InsecureRotatedTotal,
                         testing::Values(RingKind::kStandard, RingKind::kConjugateInvariant));

}  // namespace
}  // namespace serdab::circuits
