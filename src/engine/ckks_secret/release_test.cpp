#include "engine/ckks_secret/release.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/ckks_params/noise.h"
#include "engine/ckks_secret/internal/test_bench.h"

namespace serdab::ckks_secret {
namespace {

using namespace testing_only;

class InsecureRelease : public testing::TestWithParam<RingKind> {
 protected:
  Bench bench{ckks_params::Parameters::create_insecure_for_tests(chain(GetParam(), 11, 3, 1))};
  const Level top = bench.context.max_level();
  const Scale scale{0x1p70};
  const Values x = bench.random_values(1);
  const Ciphertext a = bench.encrypt(x, top, scale);
  ReleaseTerms terms{
      8 * std::sqrt(ckks_params::NoiseModel(bench.context.parameters()).symmetric().value), 30};
};

TEST_P(InsecureRelease, FloodsByTheFormula) {
  ReleaseBudget budget(100);
  const double deviation = flooding_deviation(terms, budget);
  EXPECT_DOUBLE_EQ(deviation, std::sqrt(1200.0) * 32768 * terms.noise_norm);
  const auto released = release(bench.context, bench.decryptor, a, terms, budget, bench.prng);
  EXPECT_EQ(budget.used(), 1u);
  const auto flooded = bench.encoder.decode_coefficients(released);
  const auto exact = bench.encoder.decode_coefficients(bench.decryptor.decrypt(a));
  double squares = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    squares += std::pow((flooded[i] - exact[i]) / deviation, 2);
  }
  EXPECT_NEAR(squares / static_cast<double>(exact.size()), 1, 0.15);
  // The message is still there.
  EXPECT_GT(precision_bits(bench.encoder.decode(released), x), 27);
}

TEST_P(InsecureRelease, NeverTheSameTwice) {
  ReleaseBudget budget(10);
  const auto first = release(bench.context, bench.decryptor, a, terms, budget, bench.prng);
  const auto second = release(bench.context, bench.decryptor, a, terms, budget, bench.prng);
  EXPECT_NE(bench.encoder.decode(first), bench.encoder.decode(second));
}

TEST_P(InsecureRelease, RefusesPastTheBudget) {
  ReleaseBudget budget(2, 1);
  release(bench.context, bench.decryptor, a, terms, budget, bench.prng);
  EXPECT_THROW(release(bench.context, bench.decryptor, a, terms, budget, bench.prng), base::Error);
  EXPECT_EQ(budget.used(), 2u);
  EXPECT_THROW(ReleaseBudget(2, 3), base::Error);
}

TEST_P(InsecureRelease, RefusesWhatWouldWrapAndSpendsNothing) {
  ReleaseBudget budget(1);
  terms.noise_norm = 0x1p120;
  EXPECT_THROW(release(bench.context, bench.decryptor, a, terms, budget, bench.prng), base::Error);
  EXPECT_EQ(budget.used(), 0u);
}

// Slots that repeat: only coefficients at multiples of the stride are released, and flooded.
TEST_P(InsecureRelease, ReleasesTheCoefficientsThatHoldTheMessage) {
  constexpr std::size_t kStride = 16;
  const std::size_t period = bench.context.slots() / kStride;
  std::vector<double> repeated(bench.context.slots());
  for (std::size_t i = 0; i < repeated.size(); ++i) {
    repeated[i] = std::sin(static_cast<double>(i % period));
  }
  const auto plaintext = bench.encoder.encode(repeated, top, scale);
  const SymmetricEncryptor encryptor(bench.context, bench.secret);
  ReleaseBudget budget(1);
  terms.stride = kStride;
  const auto released =
      release(bench.context, bench.decryptor, encryptor.encrypt(plaintext, bench.prng), terms,
              budget, bench.prng);
  const auto coefficients = bench.encoder.decode_coefficients(released);
  for (std::size_t k = 0; k < coefficients.size(); ++k) {
    if (k % kStride != 0) {
      EXPECT_EQ(coefficients[k], 0) << k;
    } else {
      EXPECT_NE(coefficients[k], 0) << k;
    }
  }
  const std::vector<double> slots = bench.encoder.decode_real(released);
  const double deviation = flooding_deviation(terms, budget) *
                           std::sqrt(2.0 * static_cast<double>(bench.context.n() / kStride)) /
                           scale.value;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    EXPECT_NEAR(slots[i], repeated[i], 6 * deviation) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(BothRings, InsecureRelease,
                         testing::Values(RingKind::kStandard, RingKind::kConjugateInvariant));

}  // namespace
}  // namespace serdab::ckks_secret
