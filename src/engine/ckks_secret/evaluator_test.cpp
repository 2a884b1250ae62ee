#include "engine/ckks/evaluator.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/base/pool.h"
#include "engine/base/threads.h"
#include "engine/ckks/encryptor.h"
#include "engine/ckks_secret/internal/test_bench.h"
#include "engine/ring/arithmetic.h"

namespace serdab::ckks_secret {
namespace {

using namespace testing_only;

constexpr Scale kScale{0x1p40};

// (ring, primes per digit, levels): one and several special primes, whole and partial digits.
class InsecureEvaluator
    : public testing::TestWithParam<std::tuple<RingKind, unsigned, std::size_t>> {
 protected:
  static ckks_params::Parameters parameters() {
    const auto [ring, alpha, primes] = GetParam();
    return ckks_params::Parameters::create_insecure_for_tests(chain(ring, 10, primes, alpha));
  }
  Bench bench{parameters()};
  const ckks::Evaluator& evaluator = bench.evaluator;
  const Level top = bench.context.max_level();
  const Values x = bench.random_values(1), y = bench.random_values(2);
  Ciphertext a = bench.encrypt(x, top, kScale), b = bench.encrypt(y, top, kScale);
};

TEST_P(InsecureEvaluator, EncryptionsDecrypt) {
  EXPECT_GT(precision_bits(bench.decrypt(a), x), 28);
  auto plain = bench.encode(x, Level{1}, kScale);
  const ckks::Encryptor public_encryptor(bench.context, bench.keys.public_key());
  const auto c = public_encryptor.encrypt(plain, bench.prng);
  EXPECT_GT(precision_bits(bench.decrypt(c), x), 28);
  EXPECT_EQ(c.level(), Level{1});
}

TEST_P(InsecureEvaluator, SumsAndScalars) {
  EXPECT_GT(precision_bits(bench.decrypt(evaluator.add(a, b)),
                           map2(x, y, [](auto u, auto v) { return u + v; })),
            27);
  auto c = evaluator.subtract(a, b);
  evaluator.negate(c);
  EXPECT_GT(precision_bits(bench.decrypt(c), map2(x, y, [](auto u, auto v) { return v - u; })), 27);
  c = a.clone();
  evaluator.add_plain(c, bench.encode(y, top, kScale));
  EXPECT_GT(precision_bits(bench.decrypt(c), map2(x, y, [](auto u, auto v) { return u + v; })), 27);
  c = a.clone();
  evaluator.add_scalar(c, -2.75);
  EXPECT_GT(precision_bits(bench.decrypt(c), map2(x, y, [](auto u, auto) { return u - 2.75; })),
            27);
  c = a.clone();
  evaluator.multiply_integer(c, -3);
  evaluator.multiply_integer_add(c, b, 7);
  EXPECT_GT(precision_bits(bench.decrypt(c),
                           map2(x, y, [](auto u, auto v) { return -3.0 * u + 7.0 * v; })),
            24);
}

TEST_P(InsecureEvaluator, PlainProducts) {
  auto c = a.clone();
  evaluator.multiply_plain(c, bench.encode(y, top, Scale{0x1p30}));
  EXPECT_EQ(c.scale(), kScale * Scale{0x1p30});
  EXPECT_GT(precision_bits(bench.decrypt(c), map2(x, y, [](auto u, auto v) { return u * v; })), 20);
  c = a.clone();
  const Scale target{0x1p40 * 1000.0};
  evaluator.multiply_scalar(c, 0.625, target);
  EXPECT_EQ(c.scale(), target);
  EXPECT_GT(precision_bits(bench.decrypt(c), map2(x, y, [](auto u, auto) { return 0.625 * u; })),
            27);
}

TEST_P(InsecureEvaluator, ProductRelinearisedAndRescaled) {
  const auto key = bench.relinearisation_key(top);
  auto c = evaluator.multiply(a, b);
  const auto expected = map2(x, y, [](auto u, auto v) { return u * v; });
  EXPECT_EQ(c.size(), 3u);
  EXPECT_GT(precision_bits(bench.decrypt(c), expected), 26);  // three parts decrypt as well
  evaluator.relinearise(c, key);
  EXPECT_EQ(c.size(), 2u);
  EXPECT_GT(precision_bits(bench.decrypt(c), expected), 26);
  evaluator.rescale(c);
  EXPECT_EQ(c.level().value, top.value - 1);
  const double dropped = static_cast<double>(bench.context.parameters().q().back());
  EXPECT_EQ(c.scale().value, 0x1p80 / dropped);
  EXPECT_GT(precision_bits(bench.decrypt(c), expected), 26);
}

TEST_P(InsecureEvaluator, RelinearisationAndRescalingAtOnce) {
  const auto key = bench.relinearisation_key(top);
  for (std::size_t primes = 0; primes <= std::min<std::size_t>(top.value - 1, 2); ++primes) {
    auto steps = evaluator.multiply(a, b);
    const auto lift = std::int64_t{1} << (primes < 2 ? 0 : 40);
    evaluator.multiply_integer(steps, lift);
    steps.set_info(top, steps.scale() * Scale{static_cast<double>(lift)});
    auto at_once = steps.clone();
    evaluator.relinearise_rescale(at_once, key, primes);
    evaluator.relinearise(steps, key);
    evaluator.rescale(steps, primes);
    EXPECT_EQ(at_once.scale(), steps.scale());
    EXPECT_EQ(at_once.level(), steps.level());
    EXPECT_EQ(at_once.size(), 2u);
    EXPECT_GT(
        precision_bits(bench.decrypt(at_once), map2(x, y, [](auto u, auto v) { return u * v; })),
        26);
  }
}

TEST_P(InsecureEvaluator, SquareEqualsProductWithItself) {
  const auto square = evaluator.square(a), product = evaluator.multiply(a, a);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(ring::equal(bench.context.basis(top), square.part(i), product.part(i)));
  }
}

TEST_P(InsecureEvaluator, SumsOfProductsAreTheSameBitsAsTheirSum) {
  const ckks::Evaluator::Factors pairs[] = {{&a, &b}, {&a, &a}, {&b, &a}, {&b, &b}};
  const auto sum = evaluator.sum_of_products(pairs);
  auto expected = evaluator.multiply(a, b);
  evaluator.add_inplace(expected, evaluator.square(a));
  evaluator.add_inplace(expected, evaluator.multiply(b, a));
  evaluator.add_inplace(expected, evaluator.square(b));
  EXPECT_EQ(sum.scale(), expected.scale());
  EXPECT_EQ(sum.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(ring::equal(bench.context.basis(top), sum.part(i), expected.part(i)));
  }
  EXPECT_THROW(evaluator.sum_of_products({}), base::Error);
  auto other = b.clone();
  other.set_info(top, other.scale() * Scale{2});
  const ckks::Evaluator::Factors differ[] = {{&a, &b}, {&a, &other}};
  EXPECT_THROW(evaluator.sum_of_products(differ), base::Error);
}

TEST_P(InsecureEvaluator, RelinearisationOfASumIsLazy) {
  const auto key = bench.relinearisation_key(top);
  auto c = evaluator.multiply(a, b);
  evaluator.add_inplace(c, evaluator.square(a));
  evaluator.relinearise(c, key);
  EXPECT_GT(
      precision_bits(bench.decrypt(c), map2(x, y, [](auto u, auto v) { return u * v + u * u; })),
      25);
}

TEST_P(InsecureEvaluator, KeysServeLowerLevels) {
  const auto key = bench.relinearisation_key(top);
  const auto expected = map2(x, y, [](auto u, auto v) { return u * v; });
  for (unsigned level = 1; level < top.value; ++level) {
    auto c = a.clone(), d = b.clone();
    evaluator.mod_drop(c, Level{level});
    evaluator.mod_drop(d, Level{level});
    c = evaluator.multiply(c, d);
    evaluator.relinearise(c, key);
    evaluator.rescale(c);
    EXPECT_GT(precision_bits(bench.decrypt(c), expected), 26) << "level " << level;
  }
  const auto low_key = bench.relinearisation_key(Level{1});
  auto c = evaluator.multiply(a, b);
  EXPECT_THROW(evaluator.relinearise(c, low_key), base::Error);
  evaluator.mod_drop(c, Level{1});
  evaluator.relinearise(c, low_key);
  EXPECT_GT(precision_bits(bench.decrypt(c), expected), 20);
}

TEST_P(InsecureEvaluator, RescaleBySeveralPrimes) {
  for (std::size_t count = 1; count < top.primes(); ++count) {
    auto c = a.clone();
    double factor = 1;
    for (std::size_t i = 0; i < count; ++i) {
      factor *= static_cast<double>(bench.context.parameters().q()[top.value - i]);
    }
    // Lift the message so that the division leaves it at 2^40 or so.
    for (std::size_t i = 1; i < count; ++i) evaluator.multiply_integer(c, std::int64_t{1} << 40);
    evaluator.multiply_integer(c, std::int64_t{1} << 40);
    c.set_info(c.level(), Scale{kScale.value * std::exp2(40.0 * static_cast<double>(count))});
    evaluator.rescale(c, count);
    EXPECT_EQ(c.level().value, top.value - count);
    EXPECT_NEAR(
        c.scale().value / (kScale.value * std::exp2(40.0 * static_cast<double>(count)) / factor), 1,
        1e-14);
    EXPECT_GT(precision_bits(bench.decrypt(c), x), 26) << count << " primes";
  }
}

TEST_P(InsecureEvaluator, Rotations) {
  const auto keys = bench.rotation_keys({1, -3, 100}, top);
  const long steps[] = {1, 0, -3, 100};
  const auto hoisted = evaluator.rotate_hoisted(a, steps, keys);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto rotation = evaluator.rotate(a, steps[i], keys);
    EXPECT_GT(precision_bits(bench.decrypt(rotation), rotated(x, steps[i])), 25);
    // Centred digits commute with the automorphism, so hoisting changes nothing at all.
    for (std::size_t part = 0; part < 2; ++part) {
      EXPECT_TRUE(
          ring::equal(bench.context.basis(top), rotation.part(part), hoisted[i].part(part)));
    }
  }
  EXPECT_THROW(evaluator.rotate(a, 2, keys), base::Error);
}

TEST_P(InsecureEvaluator, SumsOfRotationsAreDividedOnce) {
  const auto keys = bench.rotation_keys({1, -3, 100}, top);
  const auto part1 = ckks::mod_up(bench.context, a.part(1), top);
  const auto lifted = [&](long steps) {
    const auto element = ring::rotation_element(bench.context.parameters().ring(),
                                                bench.context.parameters().log_n(), steps);
    return evaluator.apply_galois_lifted(a, part1, keys.at(element));
  };
  auto sum = lifted(1);
  evaluator.add_inplace(sum, lifted(-3));
  evaluator.add_inplace(sum, lifted(100));
  auto expected = map2(rotated(x, 1), rotated(x, -3), std::plus<>{});
  expected = map2(expected, rotated(x, 100), std::plus<>{});
  const auto lowered = evaluator.lower(std::move(sum));
  EXPECT_EQ(lowered.level(), top);
  EXPECT_GT(precision_bits(bench.decrypt(lowered), expected), 24);
  auto finer = a.clone();
  evaluator.multiply_scalar(finer, 1.0, kScale * kScale);
  const auto& key = keys.at(ring::rotation_element(bench.context.parameters().ring(),
                                                   bench.context.parameters().log_n(), 1));
  const auto rescaled = evaluator.lower(
      evaluator.apply_galois_lifted(finer, ckks::mod_up(bench.context, finer.part(1), top), key),
      1);
  EXPECT_EQ(rescaled.level().value, top.value - 1);
  EXPECT_GT(precision_bits(bench.decrypt(rescaled), rotated(x, 1)), 24);
}

TEST_P(InsecureEvaluator, SumsOfWeightedRotationsAreDividedOnce) {
  const auto keys = bench.rotation_keys({1, -3}, top);
  const auto part1 = ckks::mod_up(bench.context, a.part(1), top);
  const Scale unit{0x1p30};
  std::vector<double> u(bench.context.slots()), v(u.size());
  for (std::size_t i = 0; i < u.size(); ++i) {
    u[i] = std::cos(static_cast<double>(i));
    v[i] = std::sin(static_cast<double>(i));
  }
  const auto weight = [&](const std::vector<double>& w) {
    return bench.encoder.encode_lifted(w, top, unit);
  };
  const auto lifted = [&](long steps) {
    return evaluator.apply_galois_lifted(
        a, part1,
        keys.at(ring::rotation_element(bench.context.parameters().ring(),
                                       bench.context.parameters().log_n(), steps)));
  };
  auto sum = evaluator.multiply_plain(lifted(1), weight(u));
  evaluator.multiply_plain_add(sum, lifted(-3), weight(v));
  Values expected = rotated(x, 1);
  const Values other = rotated(x, -3);
  for (std::size_t i = 0; i < expected.size(); ++i)
    expected[i] = expected[i] * u[i] + other[i] * v[i];
  const auto lowered = evaluator.lower(std::move(sum));
  EXPECT_EQ(lowered.scale(), kScale * unit);
  EXPECT_GT(precision_bits(bench.decrypt(lowered), expected), 24);
  if (top.value > 0) {
    const auto low = bench.encoder.encode_lifted(u, {top.value - 1}, unit);
    EXPECT_THROW(evaluator.multiply_plain(lifted(1), low), base::Error);
  }
}

TEST_P(InsecureEvaluator, SteadyStateTakesNoMemory) {
  const auto key = bench.relinearisation_key(top);
  const auto work = [&] {
    auto c = evaluator.square(a);
    evaluator.relinearise_rescale(c, key);
  };
  work();
  const std::size_t reserved = base::pool_statistics().reserved_bytes;
  for (int i = 0; i < 20; ++i) work();
  EXPECT_EQ(base::pool_statistics().reserved_bytes, reserved);
}

TEST_P(InsecureEvaluator, Conjugation) {
  ckks::GaloisKeys keys;
  if (bench.complex()) {
    keys.add(ckks::GaloisKey(bench.context,
                             ckks::SwitchingKey(bench.context, bench.keys.conjugation_key(top))));
  } else {
    EXPECT_THROW(bench.keys.conjugation_key(top), base::Error);
  }
  EXPECT_GT(precision_bits(bench.decrypt(evaluator.conjugate(a, keys)),
                           map2(x, y, [](auto u, auto) { return std::conj(u); })),
            26);
}

TEST_P(InsecureEvaluator, StepsOfKeySwitchingComposeToTheWhole) {
  const auto key = bench.relinearisation_key(top);
  const auto c = evaluator.square(a);
  const auto whole = ckks::switch_key_lazy(bench.context, c.part(2), top, key.switching_key());
  const auto steps = ckks::inner_product(bench.context, ckks::mod_up(bench.context, c.part(2), top),
                                         key.switching_key());
  const auto basis = bench.context.basis_qp(top);
  EXPECT_TRUE(ring::equal(basis, whole.b, steps.b));
  EXPECT_TRUE(ring::equal(basis, whole.a, steps.a));
}

TEST_P(InsecureEvaluator, DeterministicForAnyNumberOfThreads) {
  std::vector<Ciphertext> results;
  for (const std::size_t threads : {1u, 3u}) {
    const base::ThreadLimit limit(threads);
    Bench fresh(parameters(), 77);
    const auto key = fresh.relinearisation_key(top);
    auto c = fresh.evaluator.square(fresh.encrypt(x, top, kScale));
    fresh.evaluator.relinearise(c, key);
    fresh.evaluator.rescale(c);
    results.push_back(std::move(c));
  }
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(ring::equal(bench.context.basis(results[0].level()), results[0].part(i),
                            results[1].part(i)));
  }
}

INSTANTIATE_TEST_SUITE_P(RingsAndDigits, InsecureEvaluator,
                         testing::Combine(testing::Values(RingKind::kStandard,
                                                          RingKind::kConjugateInvariant),
                                          testing::Values(1u, 2u, 3u), testing::Values(3u, 7u)));

}  // namespace
}  // namespace serdab::ckks_secret
