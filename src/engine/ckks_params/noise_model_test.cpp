// The formulas' own arithmetic; that they hold is measured in ckks_secret/noise_test.cpp.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/error.h"
#include "engine/ckks_params/noise.h"

namespace serdab::ckks_params {
namespace {

using base::RingKind;
using base::Scale;

Parameters parameters(RingKind ring, bool special = true) {
  ParametersLiteral literal;
  literal.ring = ring;
  literal.log_n = 13;
  literal.q = choose_primes(ring, 13, {49.5, 40, 40});
  if (special) literal.p = choose_primes(ring, 13, {49.5}, literal.q);
  literal.digit_primes = special ? 1 : 0;
  return Parameters::create(literal);
}

TEST(NoiseModel, ByHandAt13) {
  const NoiseModel standard(parameters(RingKind::kStandard));
  EXPECT_DOUBLE_EQ(standard.symmetric().value, 8192 * 10.24);
  EXPECT_DOUBLE_EQ(standard.encoding().value, 8192 / 12.0);
  // Half of the power is in the real part.
  EXPECT_DOUBLE_EQ(standard.slot_deviation(standard.symmetric(), Scale{0x1p40}),
                   std::sqrt(4096 * 10.24) * 0x1p-40);
  // Rescaling rounds two parts: N/12·(1 + 2N/3).
  EXPECT_DOUBLE_EQ(standard.rescale({0}, 40).value, 8192 / 12.0 * (1 + 8192 * 2 / 3.0));
  const NoiseModel real(parameters(RingKind::kConjugateInvariant));
  EXPECT_DOUBLE_EQ(real.symmetric().value, 16383 * 10.24);
  EXPECT_DOUBLE_EQ(real.slot_deviation({9}, Scale{2}), 1.5);
}

TEST(NoiseModel, ThreePartsRoundWorse) {
  for (const RingKind ring : {RingKind::kStandard, RingKind::kConjugateInvariant}) {
    const NoiseModel model(parameters(ring));
    EXPECT_GT(model.rescale({0}, 40, 3).value, 1000 * model.rescale({0}, 40, 2).value);
  }
}

TEST(NoiseModel, KeySwitchingGrowsWithDigitsAndNeedsSpecialPrimes) {
  const NoiseModel model(parameters(RingKind::kStandard));
  EXPECT_LT(model.key_switch({0}).value, model.key_switch({2}).value);
  const NoiseModel without(parameters(RingKind::kStandard, false));
  EXPECT_THROW(without.key_switch({0}), base::Error);
  EXPECT_GT(without.public_key().value, 200 * model.public_key().value);
}

}  // namespace
}  // namespace serdab::ckks_params
