// Every operation's noise lies within its formula, both rings: the measured mean square over all
// slots is compared with the model's, and the worst slot with what so many deviations allow.
#include "engine/ckks_params/noise.h"

#include <gtest/gtest.h>

#include "engine/ckks/encryptor.h"
#include "engine/ckks_secret/internal/test_bench.h"

namespace serdab::ckks_secret {
namespace {

using namespace testing_only;
using ckks_params::NoiseModel;
using ckks_params::NoisePower;

// Δ is small against the primes, so that what is measured is noise and not the precision of
// doubles.
constexpr Scale kScale{0x1p30};
constexpr double kMeanSquare = 1.0 / 3;  // of uniform values in [−1, 1], each component

class InsecureNoise : public testing::TestWithParam<std::tuple<RingKind, unsigned>> {
 protected:
  static ckks_params::Parameters parameters() {
    const auto [ring, alpha] = GetParam();
    return ckks_params::Parameters::create_insecure_for_tests(chain(ring, 12, 4, alpha));
  }

  /// Values as they are after encoding, so that its rounding is not measured again.
  Values encoded(const ckks::Plaintext& plaintext) const { return bench.encoder.decode(plaintext); }
  double message() const { return bench.complex() ? 2 * kMeanSquare : kMeanSquare; }

  void expect_within(const char* what, const Values& seen, const Values& expected, NoisePower power,
                     Scale scale, double worst_deviations = 10) const {
    double squares = 0, worst = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      const double error = std::norm(seen[i] - expected[i]);
      squares += error;
      worst = std::max(worst, error);
    }
    const double mean = squares / static_cast<double>(seen.size());
    const double predicted = power.value / (scale.value * scale.value);
    RecordProperty(what, std::to_string(std::log2(mean / predicted) / 2));
    EXPECT_LT(mean, 1.2 * predicted) << what;
    EXPECT_GT(mean, 0.8 * predicted) << what;
    EXPECT_LT(worst, worst_deviations * worst_deviations * predicted) << what;
  }

  Bench bench{parameters()};
  const NoiseModel model{bench.context.parameters()};
  const ckks::Evaluator& evaluator = bench.evaluator;
  const Level top = bench.context.max_level();
  const ckks::Plaintext plain_x = bench.encode(bench.random_values(1), top, kScale);
  const ckks::Plaintext plain_y = bench.encode(bench.random_values(2), top, kScale);
  const Values x = encoded(plain_x), y = encoded(plain_y);
  Ciphertext a = bench.encryptor.encrypt(plain_x, bench.prng);
  Ciphertext b = bench.encryptor.encrypt(plain_y, bench.prng);
};

TEST_P(InsecureNoise, Encoding) {
  expect_within("encoding", x, bench.random_values(1), model.encoding(), kScale);
}

TEST_P(InsecureNoise, FreshEncryptions) {
  expect_within("symmetric", bench.decrypt(a), x, model.symmetric(), kScale);
  const ckks::Encryptor encryptor(bench.context, bench.keys.public_key());
  expect_within("public key", bench.decrypt(encryptor.encrypt(plain_x, bench.prng)), x,
                model.public_key(), kScale);
}

TEST_P(InsecureNoise, SumsAndIntegers) {
  expect_within("add", bench.decrypt(evaluator.add(a, b)),
                map2(x, y, [](auto u, auto v) { return u + v; }),
                model.symmetric() + model.symmetric(), kScale);
  auto c = a.clone();
  evaluator.multiply_integer(c, -57);
  expect_within("integer", bench.decrypt(c), map2(x, y, [](auto u, auto) { return -57.0 * u; }),
                NoiseModel::multiply_integer(model.symmetric(), 57), kScale);
}

TEST_P(InsecureNoise, PlainProduct) {
  const Scale small{0x1p20};
  const Values w = bench.random_values(3);
  auto c = a.clone();
  evaluator.multiply_plain(c, bench.encode(w, top, small));
  expect_within(
      "multiply_plain", bench.decrypt(c), map2(x, w, [](auto u, auto v) { return u * v; }),
      model.multiply_plain(model.symmetric(), message(), kScale, message(), small), c.scale());
}

TEST_P(InsecureNoise, ProductsOfCiphertexts) {
  const auto product = evaluator.multiply(a, b);
  expect_within(
      "multiply", bench.decrypt(product), map2(x, y, [](auto u, auto v) { return u * v; }),
      model.multiply(model.symmetric(), message(), kScale, model.symmetric(), message(), kScale),
      product.scale());
  expect_within("square", bench.decrypt(evaluator.square(a)),
                map2(x, y, [](auto u, auto) { return u * u; }),
                model.square(model.symmetric(), message(), kScale), product.scale());
}

TEST_P(InsecureNoise, KeySwitch) {
  // Of a rotation, whose own noise is not drowned by a product's.
  const auto keys = bench.rotation_keys({5}, top);
  for (const Level level : {top, Level{1}}) {
    auto c = a.clone();
    evaluator.mod_drop(c, level);
    expect_within("key_switch", bench.decrypt(evaluator.rotate(c, 5, keys)), rotated(x, 5),
                  model.symmetric() + model.key_switch(level), kScale);
  }
}

TEST_P(InsecureNoise, RescaleOfTwoAndThreeParts) {
  for (const bool three : {false, true}) {
    // A product whose scale is lifted until rounding is all that is left.
    auto c = three ? evaluator.square(a) : a.clone();
    const double log_q =
        bench.context.parameters().log_q() - bench.context.parameters().log_q(Level{2});
    const std::int64_t lift = std::int64_t{1} << (three ? 10 : 40);
    evaluator.multiply_integer(c, lift);
    c.set_info(c.level(), c.scale() * Scale{static_cast<double>(lift)});
    const NoisePower before = NoiseModel::multiply_integer(
        three ? model.square(model.symmetric(), message(), kScale) : model.symmetric(),
        static_cast<double>(lift));
    evaluator.rescale(c);
    expect_within(three ? "rescale3" : "rescale2", bench.decrypt(c),
                  map2(x, x, [three](auto u, auto v) { return three ? u * v : u; }),
                  model.rescale(before, log_q, three ? 3 : 2), c.scale(),
                  three ? 25 : 10);  // s(ζ)² has a heavy tail: relinearise before rescaling
  }
}

INSTANTIATE_TEST_SUITE_P(RingsAndDigits, InsecureNoise,
                         testing::Combine(testing::Values(RingKind::kStandard,
                                                          RingKind::kConjugateInvariant),
                                          testing::Values(1u, 2u)));

}  // namespace
}  // namespace serdab::ckks_secret
