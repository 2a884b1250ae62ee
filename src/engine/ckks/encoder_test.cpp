#include "engine/ckks/encoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/base/error.h"
#include "engine/ckks/integers.h"
#include "engine/ckks_params/cost_model.h"
#include "engine/ring/arithmetic.h"

namespace serdab::ckks {
namespace {

using base::RingKind;
using Complex = std::complex<double>;

Parameters toy(RingKind ring, unsigned log_n = 10) {
  ckks_params::ParametersLiteral literal;
  literal.ring = ring;
  literal.log_n = log_n;
  literal.q = ckks_params::choose_primes(ring, log_n, {49.5, 49.5, 40});
  literal.digit_primes = 0;
  return Parameters::create_insecure_for_tests(literal);
}

std::vector<double> random_reals(std::size_t n, double magnitude = 1) {
  std::mt19937_64 random(n);
  std::uniform_real_distribution<double> uniform(-magnitude, magnitude);
  std::vector<double> values(n);
  for (double& value : values) value = uniform(random);
  return values;
}

class Encoding : public testing::TestWithParam<RingKind> {
 protected:
  const Context context{toy(GetParam())};
  const Encoder encoder{context};
};

TEST_P(Encoding, RealValuesComeBack) {
  const auto values = random_reals(encoder.slots());
  for (const double log_scale : {20.0, 40.0, 45.0}) {
    const Scale scale{std::exp2(log_scale)};
    const auto decoded = encoder.decode_real(encoder.encode(values, context.max_level(), scale));
    // Rounding: sqrt(N/12) or sqrt(N/6) per slot, six deviations; then what doubles hold.
    const double bound = 6 * std::sqrt(1024 / 6.0) / scale.value + 1e-13;
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(decoded[i], values[i], bound);
  }
}

TEST_P(Encoding, ProductsActOnSlots) {
  const auto x = random_reals(encoder.slots());
  auto y = x;
  std::reverse(y.begin(), y.end());
  auto a = encoder.encode(x, Level{2}, Scale{0x1p40});
  const auto b = encoder.encode(y, Level{2}, Scale{0x1p40});
  ring::multiply(context.basis(Level{2}), a.poly, b.poly, a.poly);
  a.scale = a.scale * b.scale;
  const auto product = encoder.decode_real(a);
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(product[i], x[i] * y[i], 0x1p-30);
}

TEST_P(Encoding, ShortInputsAreFilledWithZeros) {
  const double values[] = {1.5, -2.5};
  const auto decoded = encoder.decode_real(encoder.encode(values, Level{0}, Scale{0x1p30}));
  ASSERT_EQ(decoded.size(), encoder.slots());
  EXPECT_NEAR(decoded[0], 1.5, 1e-6);
  EXPECT_NEAR(decoded[1], -2.5, 1e-6);
  for (std::size_t i = 2; i < decoded.size(); ++i) ASSERT_NEAR(decoded[i], 0, 1e-6);
}

// The same residues as by the long way, but where a coefficient lies between two integers.
TEST_P(Encoding, VectorsThatRepeatAreEncodedInTheirSubring) {
  for (const std::size_t period : {1, 2, 16, 64, 128}) {
    const auto once = random_reals(period);
    std::vector<double> all;
    while (all.size() < encoder.slots()) all.insert(all.end(), once.begin(), once.end());
    const Scale scale{0x1p20};
    const auto fast = encoder.encode_lifted_repeated(once, Level{2}, scale);
    const auto slow = encoder.encode_lifted(all, Level{2}, scale);
    ASSERT_EQ(fast.poly.limbs(), slow.poly.limbs());
    const std::size_t n = context.n();
    const std::size_t repeats =
        std::min(encoder.slots() / period, n / std::min(n, ckks_params::kLeastRepeated));
    ASSERT_EQ(fast.poly.n(), n / repeats);
    for (std::size_t limb = 0; limb < slow.poly.limbs(); ++limb) {
      for (std::size_t i = 0; i < slow.poly.n(); ++i) {
        ASSERT_EQ(fast.poly.limb(limb)[i / repeats], slow.poly.limb(limb)[i]) << period;
      }
    }
  }
}

TEST_P(Encoding, ConstantsEqualTheirVectors) {
  for (const double value : {0.0, 1.0, -3.25, 1e-3}) {
    const std::vector<double> everywhere(encoder.slots(), value);
    const auto constant = encoder.encode_constant(value, Level{1}, Scale{0x1p40});
    const auto vector = encoder.encode(everywhere, Level{1}, Scale{0x1p40});
    EXPECT_TRUE(ring::equal(context.basis(Level{1}), constant.poly, vector.poly));
  }
}

TEST_P(Encoding, LargeScalesAreExactIntegers) {
  // 2^100 times a dyadic number is exact in a double and in the residues.
  const auto plaintext = encoder.encode_constant(0.75, Level{2}, Scale{0x1p100});
  EXPECT_EQ(encoder.decode_coefficients(plaintext)[0], 0x1.8p99);
  EXPECT_NEAR(encoder.decode_real(plaintext)[5], 0.75, 1e-15);
}

TEST_P(Encoding, DecodingIsExactUpToHalfOfQ) {
  const double half = std::exp2(context.parameters().log_q(context.max_level()) - 1);
  std::vector<double> coefficients(context.n(), 3.0);
  const double edges[] = {half * 0.999, -half * 0.999, 0x1p52 + 1, -0x1p53, 0x1p99, 1 - 0x1p49, 0};
  for (std::size_t i = 0; i < std::size(edges); ++i) {
    coefficients[100 * i] = std::nearbyint(edges[i]);
  }
  auto plaintext = encoder.encode_coefficients(coefficients, context.max_level(), Scale{1});
  EXPECT_EQ(encoder.decode_coefficients(plaintext), coefficients);
  const auto slots = encoder.decode(plaintext);
  const auto real = encoder.decode_real(plaintext.clone());
  EXPECT_EQ(encoder.decode(std::move(plaintext)), slots);
  for (std::size_t i = 0; i < slots.size(); ++i) ASSERT_EQ(real[i], slots[i].real());
}

TEST_P(Encoding, SmallRingsWork) {
  const Context small(toy(GetParam(), 5));
  const Encoder small_encoder(small);
  const auto values = random_reals(small_encoder.slots());
  const auto decoded =
      small_encoder.decode_real(small_encoder.encode(values, Level{2}, Scale{0x1p40}));
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(decoded[i], values[i], 1e-10);
}

TEST_P(Encoding, BadInputsAreRefused) {
  const std::vector<double> many(encoder.slots() + 1, 0.0);
  EXPECT_THROW(encoder.encode(many, Level{0}, Scale{1}), base::Error);
  const double odd[] = {1.0, std::nan("")};
  EXPECT_THROW(encoder.encode(odd, Level{0}, Scale{1}), base::Error);
  const double one[] = {1.0};
  EXPECT_THROW(encoder.encode(one, Level{3}, Scale{1}), base::Error);
  EXPECT_THROW(encoder.encode(one, Level{2}, Scale{0}), base::Error);
  EXPECT_THROW(encoder.encode_constant(1.0, Level{0}, Scale{0x1p50}), base::Error);
}

INSTANTIATE_TEST_SUITE_P(BothRings, Encoding,
                         testing::Values(RingKind::kStandard, RingKind::kConjugateInvariant));

TEST(ComplexEncoding, ValuesComeBack) {
  const Context context(toy(RingKind::kStandard));
  const Encoder encoder(context);
  const auto reals = random_reals(2 * encoder.slots());
  std::vector<Complex> values(encoder.slots());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = {reals[2 * i], reals[2 * i + 1]};
  const auto decoded = encoder.decode(encoder.encode(values, Level{1}, Scale{0x1p40}));
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_LT(std::abs(decoded[i] - values[i]), 1e-9);
}

TEST(ComplexEncoding, TheRealRingRefuses) {
  const Context context(toy(RingKind::kConjugateInvariant));
  const std::vector<Complex> values(1, Complex{0, 1});
  EXPECT_THROW(Encoder(context).encode(values, Level{1}, Scale{0x1p40}), base::Error);
}

// The element a_0 + Σ a_i (X^i + X^-i) of the real ring of dimension N is, in Z[Y]/(Y^2N + 1), the
// polynomial with coefficients a_i at Y^i and −a_i at Y^(2N−i): its slots there are the same N real
// numbers.
TEST(RealRing, EmbedsIntoTheStandardRingOfTwiceTheDimension) {
  const Context real(toy(RingKind::kConjugateInvariant, 9)), standard(toy(RingKind::kStandard, 10));
  const Encoder real_encoder(real), encoder(standard);
  ASSERT_EQ(real_encoder.slots(), encoder.slots());
  const auto values = random_reals(512);
  const auto plaintext = real_encoder.encode(values, Level{0}, Scale{0x1p40});
  const auto coefficients = real_encoder.decode_coefficients(plaintext);
  std::vector<double> embedded(1024, 0.0);
  embedded[0] = coefficients[0];
  for (std::size_t i = 1; i < 512; ++i) {
    embedded[i] = coefficients[i];
    embedded[1024 - i] = -coefficients[i];
  }
  const auto slots = encoder.slots_of(embedded, Scale{0x1p40});
  for (std::size_t i = 0; i < 512; ++i) ASSERT_LT(std::abs(slots[i] - values[i]), 1e-9);
}

TEST(Integers, ResiduesOfAnySize) {
  const arith::Modulus q(1125899906826241);
  EXPECT_EQ(integer_residue(-1, q), q.value() - 1);
  EXPECT_EQ(integer_residue(0x1p62, q), arith::pow_mod(2, 62, q));
  EXPECT_EQ(integer_residue(-0x1p700, q), q.value() - arith::pow_mod(2, 700, q));
}

}  // namespace
}  // namespace serdab::ckks
