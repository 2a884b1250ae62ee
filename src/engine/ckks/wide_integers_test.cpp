#include "engine/ckks/wide_integers.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/base/error.h"
#include "engine/ckks/encoder.h"

namespace serdab::ckks {
namespace {

class InsecureWideIntegers : public testing::TestWithParam<base::RingKind> {
 protected:
  static Parameters parameters() {
    ckks_params::ParametersLiteral literal;
    literal.ring = GetParam();
    literal.log_n = 10;
    literal.q = ckks_params::choose_primes(literal.ring, literal.log_n, {44, 40, 36, 33});
    literal.digit_primes = 0;
    return Parameters::create_insecure_for_tests(literal);
  }
  Context context{parameters()};
};
INSTANTIATE_TEST_SUITE_P(BothRings, InsecureWideIntegers,
                         testing::Values(base::RingKind::kStandard,
                                         base::RingKind::kConjugateInvariant));

TEST_P(InsecureWideIntegers, ComeBackExactly) {
  std::mt19937_64 random(3);
  for (const unsigned level : {0u, 1u, 2u}) {
    const int bits = static_cast<int>(context.parameters().log_q({level})) - 1;
    std::vector<WideInteger> integers(context.n());
    for (WideInteger& v : integers) {
      v = (static_cast<WideInteger>(random() >> 1) << 64 | static_cast<WideInteger>(random())) >>
          (128 - bits);
      if (random() % 2 == 0) v = -v;
    }
    const Plaintext plaintext = from_wide_coefficients(context, integers, {level}, {1024});
    EXPECT_EQ(plaintext.level.value, level);
    EXPECT_EQ(plaintext.scale.value, 1024);
    EXPECT_EQ(centred_coefficients(context, plaintext), integers) << level;
  }
}

TEST_P(InsecureWideIntegers, AreTheEncodersForSmallOnes) {
  const Encoder encoder(context);
  std::vector<double> values(context.slots(), 0.5);
  values[3] = -1.25;
  const Plaintext plaintext = encoder.encode(values, {2}, {0x1p40});
  const std::vector<double> coefficients = encoder.decode_coefficients(plaintext);
  const std::vector<WideInteger> wide = centred_coefficients(context, plaintext);
  for (std::size_t k = 0; k < wide.size(); ++k) {
    EXPECT_EQ(static_cast<double>(wide[k]), coefficients[k]) << k;
  }
}

TEST_P(InsecureWideIntegers, RefuseWhatTheyCannotHold) {
  const std::vector<WideInteger> none(context.n());
  const Plaintext plaintext = from_wide_coefficients(context, none, {3}, {1});
  EXPECT_THROW(centred_coefficients(context, plaintext), base::Error);
}

}  // namespace
}  // namespace serdab::ckks
