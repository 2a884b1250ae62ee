// Polynomials of encrypted slots against the same in the clear, both bases and rings.
#include "engine/circuits/polynomial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <functional>
#include <random>

#include "engine/base/error.h"
#include "engine/circuits/internal/polynomial_plan.h"
#include "engine/ckks_params/noise.h"
#include "golden.h"

namespace serdab::circuits {
namespace {

using namespace ckks_secret::testing_only;
using ckks_params::Parameters;
using testing::HasSubstr;

constexpr Scale kScale{0x1p40};
constexpr auto kMonomial = PolynomialBasis::kMonomial;
constexpr auto kChebyshev = PolynomialBasis::kChebyshev;

enum class Parity { kNone, kEven, kOdd };

/// Coefficients uniform in [−1, 1] over the root of their number.
Polynomial random_polynomial(PolynomialBasis basis, unsigned degree, Parity parity = Parity::kNone,
                             double begin = -1, double end = 1) {
  std::mt19937_64 random(degree);
  std::uniform_real_distribution<double> uniform(-1, 1);
  Polynomial p{basis, std::vector<double>(degree + 1), begin, end};
  for (unsigned i = 0; i <= degree; ++i) {
    const double c = uniform(random) / std::sqrt(degree + 1.0);
    if (parity == Parity::kNone || (i % 2 == 1) == (parity == Parity::kOdd)) p.coefficients[i] = c;
  }
  return p;
}

/// The definition, term by term, for complex arguments.
Complex in_clear(const Polynomial& p, Complex x) {
  const Complex u = p.basis == kMonomial ? x : (2.0 * x - p.begin - p.end) / (p.end - p.begin);
  Complex sum = 0, now = 1, next = u;
  for (const double c : p.coefficients) {
    sum += c * now;
    const Complex after = p.basis == kMonomial ? next * u : 2.0 * u * next - now;
    now = next;
    next = after;
  }
  return sum;
}

/// Slots in the interval; complex monomials in the unit disc.
Values arguments(const Bench& bench, const Polynomial& p) {
  Values x = bench.random_values(7);
  for (Complex& value : x) {
    if (p.basis == kMonomial) {
      value /= bench.complex() ? std::sqrt(2.0) : 1;
    } else {
      value = (p.begin + p.end) / 2 + (p.end - p.begin) / 2 * value.real();
    }
  }
  return x;
}

struct Key {
  explicit Key(const Parameters& parameters)
      : bench(parameters), relin(bench.relinearisation_key(bench.context.max_level())) {}
  Bench bench;
  ckks::RelinearisationKey relin;
};

/// Deviations of a rescale's rounding at kScale.
double rounding(const Bench& bench) {
  const ckks_params::NoiseModel model(bench.context.parameters());
  return std::sqrt(model.rescale({0}, 0).value) / kScale.value;
}

/// The plan in the clear, where every rescale errs by a random amount: what the noise should be.
class NoisyRun {
 public:
  NoisyRun(const Polynomial& p, const Bench& bench)
      : plan_(internal::make_plan(p)), bench_(bench), deviation_(rounding(bench)) {}

  Complex value(Complex x) {
    const ckks_params::NoiseModel model(bench_.context.parameters());
    x += error() * std::sqrt(model.symmetric().value) / (kScale.value * deviation_);
    powers_[1] = plan_.factor * x + plan_.shift;
    if (!plan_.factor_is_integer) powers_[1] += error();
    const bool chebyshev = plan_.basis == kChebyshev;
    for (const auto& [power, a, b] : plan_.steps) {
      powers_[power] = powers_[a] * powers_[b];
      if (chebyshev) powers_[power] = 2.0 * powers_[power] - (a == b ? 1 : powers_[a - b]);
      powers_[power] += error();
    }
    return node(0);
  }

 private:
  Complex node(std::size_t index) {
    const internal::PolynomialNode& n = plan_.nodes[index];
    Complex sum = n.constant;
    for (const auto& [power, c] : n.terms) sum += c * powers_[power];
    for (const auto& [power, factor] : n.products) sum += powers_[power] * node(factor);
    return sum + error();
  }
  Complex error() {
    if (!bench_.complex()) return deviation_ * normal_(random_);
    return deviation_ / std::sqrt(2.0) * Complex(normal_(random_), normal_(random_));
  }

  internal::PolynomialPlan plan_;
  const Bench& bench_;
  double deviation_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::array<Complex, 128> powers_;
};

/// Evaluates and compares: the root mean square error against what is expected of it.
void expect_right(Key& key, const Polynomial& p) {
  Bench& bench = key.bench;
  const Values x = arguments(bench, p);
  const PolynomialCounts counts = count(p);
  const Level level{static_cast<unsigned>(counts.depth)};
  const PolynomialEvaluation evaluation(bench.context, p, level, kScale, kScale);
  PolynomialCounts ran;
  const Ciphertext y =
      evaluation.apply(bench.evaluator, bench.encrypt(x, level, kScale), key.relin, &ran);
  EXPECT_EQ(ran, counts);
  EXPECT_EQ(ran, evaluation.counts());
  EXPECT_EQ(y.level(), Level{0});
  EXPECT_EQ(y.level(), evaluation.output_level());
  EXPECT_EQ(y.scale(), kScale);
  const Values seen = bench.decrypt(y);
  double squares = 0, noise = 0;
  NoisyRun noisy(p, bench);
  Values expected(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    expected[i] = in_clear(p, x[i]);
    squares += std::norm(seen[i] - expected[i]);
    noise += std::norm(noisy.value(x[i]) - expected[i]);
  }
  const double ratio = std::sqrt(squares / noise);
  std::printf(
      "  degree %3zu, depth %zu, %2zu products, %2zu relinearisations, %2zu rescales, "
      "%3zu scalars: %.1f bits at worst, %.1f roundings, %.2f of predicted\n",
      p.coefficients.size() - 1, counts.depth, counts.multiplications, counts.relinearisations,
      counts.rescales, counts.scalar_products, precision_bits(seen, expected),
      std::sqrt(squares / static_cast<double>(x.size())) / rounding(bench), ratio);
  EXPECT_LT(ratio, 2);
  EXPECT_GT(ratio, 0.5);
}

Parameters insecure(RingKind ring, unsigned log_n = 10) {
  return Parameters::create_insecure_for_tests(chain(ring, log_n, 9, 3));
}

class InsecurePolynomial : public testing::TestWithParam<RingKind> {
 protected:
  Key key{insecure(GetParam())};
};

TEST_P(InsecurePolynomial, EveryShapeOfDegree) {
  for (const unsigned degree :
       {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 11u, 15u, 16u, 23u, 31u, 32u, 45u, 63u, 64u, 100u, 127u}) {
    for (const PolynomialBasis basis : {kMonomial, kChebyshev}) {
      const Polynomial p = random_polynomial(basis, degree);
      EXPECT_EQ(count(p).depth, static_cast<std::size_t>(std::ceil(std::log2(degree + 1))));
      expect_right(key, p);
    }
  }
}

TEST_P(InsecurePolynomial, EvenAndOdd) {
  for (const unsigned degree : {6u, 7u, 14u, 15u, 31u, 62u, 63u, 127u}) {
    for (const PolynomialBasis basis : {kMonomial, kChebyshev}) {
      const Polynomial p =
          random_polynomial(basis, degree, degree % 2 == 0 ? Parity::kEven : Parity::kOdd);
      const PolynomialCounts all = count(random_polynomial(basis, degree));
      EXPECT_LE(count(p).multiplications, all.multiplications - (degree % 2 == 0 ? 1 : 0));
      EXPECT_LE(count(p).scalar_products, all.scalar_products * (degree > 7 ? 0.85 : 1));
      expect_right(key, p);
    }
  }
}

TEST_P(InsecurePolynomial, Intervals) {
  for (const auto& [begin, end, depth] : {std::tuple{-1.0, 1.0, 4u},
                                          {-0.5, 0.5, 4u},
                                          {0.0, 1.0, 4u},
                                          {-8.0, 8.0, 5u},
                                          {-1.0, 4.0, 5u}}) {
    const Polynomial p = random_polynomial(kChebyshev, 15, Parity::kNone, begin, end);
    EXPECT_EQ(count(p).depth, depth);
    expect_right(key, p);
  }
}

TEST_P(InsecurePolynomial, OtherScales) {
  // Input and target scales away from the primes, with a spare level left.
  Bench& bench = key.bench;
  const Polynomial p = random_polynomial(kChebyshev, 7);
  const Scale in{0x1.8p38}, out{0x1.4p39};
  const PolynomialEvaluation evaluation(bench.context, p, Level{5}, in, out);
  Values x = bench.random_values(1);
  for (Complex& value : x) value = value.real();
  const Ciphertext y = evaluation.apply(bench.evaluator, bench.encrypt(x, Level{5}, in), key.relin);
  EXPECT_EQ(y.level(), Level{2});
  EXPECT_EQ(y.scale(), out);
  for (Complex& value : x) value = evaluate(p, value.real());
  EXPECT_GT(precision_bits(bench.decrypt(y), x), 20);
}

TEST_P(InsecurePolynomial, ClearEvaluationAgrees) {
  for (const PolynomialBasis basis : {kMonomial, kChebyshev}) {
    const Polynomial p = random_polynomial(basis, 20, Parity::kNone, -1, 3);
    for (const double x : {-1.0, 0.3, 1.0})
      EXPECT_NEAR(evaluate(p, x), in_clear(p, x).real(), 1e-12);
  }
}

TEST_P(InsecurePolynomial, ErrorsNameBothSides) {
  Bench& bench = key.bench;
  const auto refused = [](const std::function<void()>& act, base::ErrorCode code,
                          std::initializer_list<const char*> words) {
    try {
      act();
      ADD_FAILURE() << "accepted";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      for (const char* word : words) EXPECT_THAT(error.what(), HasSubstr(word));
    }
  };
  using enum base::ErrorCode;
  const auto plan = [&](const Polynomial& p, Level level, Scale scale = kScale) {
    return PolynomialEvaluation(bench.context, p, level, scale, kScale);
  };
  refused([] { count({kMonomial, {}}); }, kInvalidArgument, {"degree is 0"});
  refused([] { count({kMonomial, {3, 0, 0}}); }, kInvalidArgument, {"degree is 0"});
  refused(
      [] {
        count({kMonomial, std::vector<double>(129, 1)});
      },
      kInvalidArgument, {"128", "127"});
  refused([] { count({kMonomial, {1, 0.0 / 0.0}}); }, kInvalidArgument, {"finite"});
  refused([] { count({kChebyshev, {1, 2}, 3, 3}); }, kInvalidArgument, {"interval"});
  const Polynomial p = random_polynomial(kChebyshev, 15);
  refused([&] { plan(p, Level{3}); }, kInvalidArgument, {"4 levels", "level 3"});
  refused([&] { plan(p, Level{30}); }, kInvalidArgument, {"level 30"});
  refused([&] { plan(p, Level{4}, Scale{0x1p20}); }, kInvalidArgument, {"a power", "primes"});
  refused([&] { plan(p, Level{4}, Scale{0x1p80}); }, kInvalidArgument, {"scale", "level"});
  const auto evaluation = plan(p, Level{4});
  const Values x = bench.random_values(1);
  const auto apply = [&](Level level, Scale scale) {
    evaluation.apply(bench.evaluator, bench.encrypt(x, level, scale), key.relin);
  };
  refused([&] { apply(Level{5}, kScale); }, kMismatch, {"level 5", "level 4"});
  refused([&] { apply(Level{4}, Scale{0x1p39}); }, kMismatch, {"scale"});
  Key stranger(insecure(GetParam(), 11));
  refused(
      [&] {
        evaluation.apply(bench.evaluator, bench.encrypt(x, Level{4}, kScale), stranger.relin);
      },
      kMismatch, {"evaluation key"});
}

TEST(InsecurePolynomialGolden, BitsAreTheSameEverywhere) {
  Key key(insecure(RingKind::kStandard));
  const Ciphertext x = key.bench.encryptor.encrypt(
      key.bench.encoder.encode_coefficients(sawtooth(key.bench.context.n()), Level{4}, kScale),
      key.bench.prng);
  for (const auto& [basis, hash] : {std::pair{kMonomial, std::uint64_t{17097140515349486215u}},
                                    {kChebyshev, std::uint64_t{2039417797422499369u}}}) {
    std::vector<double> coefficients;
    for (int i = 0; i < 14; ++i) coefficients.push_back((i % 5 - 2) / 8.0);
    const PolynomialEvaluation evaluation(key.bench.context, {basis, coefficients, -1, 1}, Level{4},
                                          kScale, kScale);
    EXPECT_EQ(hash_of(evaluation.apply(key.bench.evaluator, x, key.relin)), hash);
  }
}

class LongSecurePolynomial : public testing::TestWithParam<RingKind> {};

TEST_P(LongSecurePolynomial, At14) {
  Key key(Parameters::create(chain(GetParam(), 14, 8, 2)));
  for (const unsigned degree : {7u, 27u, 63u, 127u}) {
    expect_right(key, random_polynomial(kMonomial, degree));
    expect_right(key, random_polynomial(kChebyshev, degree, Parity::kOdd));
  }
}

INSTANTIATE_TEST_SUITE_P(BothRings, LongSecurePolynomial,
                         testing::Values(RingKind::kStandard, RingKind::kConjugateInvariant));
INSTANTIATE_TEST_SUITE_P(BothRings, InsecurePolynomial,
                         testing::Values(RingKind::kStandard, RingKind::kConjugateInvariant));

}  // namespace
}  // namespace serdab::circuits
