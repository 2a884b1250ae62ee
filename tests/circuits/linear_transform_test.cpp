// Linear transforms on encrypted slots against the same in the clear: the error's root mean square
// lies near the noise model's, in both rings.
#include "engine/circuits/linear_transform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <set>

#include "engine/base/error.h"
#include "engine/circuits/internal/transform_plan.h"
#include "engine/ring/arithmetic.h"
#include "golden.h"
#include "transform_bench.h"

namespace serdab::circuits {
namespace {

using namespace testing_only;
using ckks_params::Parameters;
using testing::HasSubstr;

// Large enough that something is left after two primes of 40 bits are dropped.
constexpr Scale kScale{0x1p50};
constexpr Scale kWeights{0x1p50};

/// Inputs, keys and the expected outcome of one shape.
struct Experiment {
  Experiment(const Parameters& parameters, TransformShape transform_shape, bool expanded,
             Scale weight_scale = kWeights)
      : bench(parameters),
        shape(std::move(transform_shape)),
        weights(weight_scale),
        transform(bench.context, bench.encoder, shape, random_diagonal, bench.context.max_level(),
                  weights, expanded) {
    const Level top = bench.context.max_level();
    for (std::size_t i = 0; i < shape.inputs; ++i) {
      const auto plain = bench.encode(bench.random_values(i + 1), top, kScale);
      clear.push_back(bench.encoder.decode(plain));
      inputs.push_back(bench.encryptor.encrypt(plain, bench.prng));
    }
    for (const std::uint32_t step : transform.steps()) {
      keys.add(ckks::GaloisKey(
          bench.context, ckks::SwitchingKey(bench.context, bench.keys.rotation_key(
                                                               static_cast<long>(step), top))));
    }
  }

  std::vector<Ciphertext> apply(std::size_t rescale_primes, OperationCounts* ran = nullptr) const {
    std::vector<const Ciphertext*> pointers;
    for (const Ciphertext& input : inputs) pointers.push_back(&input);
    return transform.apply(bench.evaluator, pointers, keys, rescale_primes, ran);
  }

  /// Runs and compares; the root mean square error over the predicted one.
  void expect_right(std::size_t rescale_primes) const {
    OperationCounts ran;
    const std::vector<Ciphertext> outputs = apply(rescale_primes, &ran);
    EXPECT_EQ(ran, transform.counts());
    ASSERT_EQ(outputs.size(), shape.outputs);
    const std::vector<Values> expected = in_clear(shape, clear);
    for (std::uint32_t o = 0; o < shape.outputs; ++o) {
      check_books(outputs[o], rescale_primes);
      const Values seen = bench.decrypt(outputs[o]);
      double squares = 0;
      for (std::size_t i = 0; i < seen.size(); ++i) squares += std::norm(seen[i] - expected[o][i]);
      const double measured = std::sqrt(squares / static_cast<double>(seen.size()));
      const double ratio = measured / predicted(o, rescale_primes, outputs[o].scale());
      std::printf(
          "  %zu terms, rescale %zu: %.1f bits at worst, deviation 2^%.1f, %.2f of predicted\n",
          shape.terms.size(), rescale_primes, precision_bits(seen, expected[o]),
          std::log2(measured), ratio);
      EXPECT_LT(ratio, 1.25);
      EXPECT_GT(ratio, 0.8);
    }
  }

  void check_books(const Ciphertext& output, std::size_t rescale_primes) const {
    Scale scale = kScale * weights;
    const auto& q = bench.context.parameters().q();
    for (std::size_t i = 0; i < rescale_primes; ++i) {
      scale = base::rescaled(scale, q[q.size() - 1 - i]);
    }
    EXPECT_EQ(output.scale(), scale);
    EXPECT_EQ(output.level().primes(), q.size() - rescale_primes);
  }

  double predicted(std::uint32_t output, std::size_t rescale_primes, Scale scale) const {
    const ckks_params::NoiseModel model(bench.context.parameters());
    const Level top = bench.context.max_level();
    const double message = bench.complex() ? 2.0 / 3 : 1.0 / 3;
    auto power = model.linear_transform(model.symmetric(), message, kScale,
                                        noise_weights(shape, output), weights, top);
    if (rescale_primes > 0) {
      const Level left{top.value - static_cast<unsigned>(rescale_primes)};
      power = model.rescale(
          power, bench.context.parameters().log_q(top) - bench.context.parameters().log_q(left));
    }
    return std::sqrt(power.value) / scale.value;
  }

  Bench bench;
  TransformShape shape;
  Scale weights;
  LinearTransform transform;
  ckks::GaloisKeys keys;
  std::vector<Values> clear;
  std::vector<Ciphertext> inputs;
};

Parameters insecure(RingKind ring, unsigned alpha, unsigned log_n = 11) {
  return Parameters::create_insecure_for_tests(chain(ring, log_n, 4, alpha));
}

class InsecureLinearTransform : public testing::TestWithParam<std::tuple<RingKind, unsigned>> {
 protected:
  static Parameters parameters() {
    const auto [ring, alpha] = GetParam();
    return insecure(ring, alpha);
  }
};

TEST_P(InsecureLinearTransform, OneInputAndOutput) {
  const Experiment experiment(parameters(), dense(8, 6), true);
  for (const std::size_t primes : {0u, 1u, 2u}) experiment.expect_right(primes);
  EXPECT_EQ(experiment.transform.bytes(),
            48 * experiment.bench.context.basis_qp(Level{3}).size() * 2048 * 8);
}

TEST_P(InsecureLinearTransform, CoarseWeights) {
  // The rounding of the diagonals decides.
  Experiment(parameters(), dense(8, 6), true, Scale{0x1p12}).expect_right(0);
}

TEST_P(InsecureLinearTransform, EncodedWhenUsed) {
  const Experiment experiment(parameters(), dense(8, 6), false);
  experiment.expect_right(1);
  EXPECT_EQ(experiment.transform.bytes(), 0u);
  EXPECT_EQ(experiment.transform.counts().encodings, 48u);
}

TEST_P(InsecureLinearTransform, TwoInputsAndOutputs) {
  for (const bool expanded : {true, false}) {
    Experiment(parameters(), dense(5, 3, 2, 2), expanded).expect_right(1);
  }
}

TEST_P(InsecureLinearTransform, ComposedRotations) {
  TransformShape shape;
  // 3 hangs on 2, which is an operand as well; 20 on 16, which is none; 7 is two steps from it.
  shape.babies = {by(0), by(2), {3, {2, 1}}, {20, {16, 4}}, {19, {16, 1, 2}}};
  shape.giants = {{96, {64, 32}}, by(0), by(64)};
  shape.terms = all_terms(shape);
  const Experiment experiment(parameters(), std::move(shape), true);
  EXPECT_THAT(experiment.transform.steps(), testing::ElementsAre(1, 2, 4, 16, 32, 64));
  experiment.expect_right(1);
  const OperationCounts counts = experiment.transform.counts();
  EXPECT_EQ(counts.decompositions, 4 + 3u);  // x, x by 2, by 16, by 17; giants
  EXPECT_EQ(counts.lazy_rotations, 4 + 3u);
  EXPECT_EQ(counts.full_rotations, 2u);
  EXPECT_EQ(counts.divisions, 6 + 3 + 2u);
}

TEST_P(InsecureLinearTransform, OneRotationOnly) {
  TransformShape only_giant{1, 1, {by(0)}, {by(5)}, {{0, 0, 0, 0, 1}}};
  Experiment(parameters(), only_giant, true).expect_right(0);
  TransformShape only_baby{1, 1, {by(5)}, {by(0)}, {{0, 0, 0, 0, 1}}};
  Experiment(parameters(), only_baby, true).expect_right(0);
  TransformShape neither{1, 1, {by(0)}, {by(0)}, {{0, 0, 0, 0, 1}}};
  Experiment(parameters(), neither, true).expect_right(1);
}

TEST_P(InsecureLinearTransform, ManyBabiesAreSummedInParts) {
  Experiment(parameters(), dense(70, 1, 2, 1), true).expect_right(1);
  Experiment(parameters(), dense(70, 1, 2, 1), false).expect_right(1);
}

TEST_P(InsecureLinearTransform, SharedWeightsAreEncodedOnce) {
  TransformShape shape = dense(4, 2, 2, 2);
  for (Term& term : shape.terms) term.id = term.baby;
  for (const bool expanded : {true, false}) {
    const Experiment experiment(parameters(), shape, expanded);
    EXPECT_EQ(experiment.transform.counts().encodings, expanded ? 0u : 8u);
    const auto outputs = experiment.apply(1);
    const auto expected = in_clear(shape, experiment.clear);
    EXPECT_GT(precision_bits(experiment.bench.decrypt(outputs[1]), expected[1]), 30);
  }
}

TEST_P(InsecureLinearTransform, KeptAndMadePlaintextsGiveTheSameBits) {
  // The second has more plaintexts, 4,608, than a batch takes.
  for (const TransformShape& shape : {dense(4, 3, 2, 2), dense(36, 8, 4, 4)}) {
    const Experiment kept(parameters(), shape, true);
    const Experiment made(parameters(), shape, false);
    const auto a = kept.apply(1), b = made.apply(1);
    const ring::RnsBasis basis = kept.bench.context.basis(a[0].level());
    for (std::size_t o = 0; o < a.size(); ++o) {
      for (std::size_t part = 0; part < 2; ++part) {
        EXPECT_TRUE(ring::equal(basis, a[o].part(part), b[o].part(part)));
      }
    }
  }
}

TEST(TransformPlan, BatchesHoldEveryProductOnceAndReadFewOperands) {
  TransformShape shape = dense(30, 10, 1, 2);
  for (Term& term : shape.terms) term.id /= 2;  // two terms a plaintext
  constexpr std::size_t kPlains = 50;
  const internal::TransformPlan whole = internal::make_plan(shape, 0);
  const internal::TransformPlan plan = internal::make_plan(shape, kPlains);
  ASSERT_EQ(whole.batches.size(), 1u);
  const auto products = [](const internal::TransformPlan& of) {
    std::multiset<std::array<std::uint32_t, 4>> all;  // weights, shift, operand, sum
    std::vector<bool> begun(of.sums.size());
    std::size_t next = 0;
    for (const internal::ProductBatch& batch : of.batches) {
      EXPECT_EQ(batch.first, next);
      next += batch.count;
      for (const internal::ProductGroup& group : batch.groups) {
        EXPECT_EQ(group.accumulate, begun[group.sum]);
        begun[group.sum] = true;
        for (const internal::Product& product : group.products) {
          EXPECT_GE(product.plain, batch.first);
          EXPECT_LT(product.plain, batch.first + batch.count);
          const internal::PlainSpec& plain = of.plains[product.plain];
          all.insert(
              {plain.id, plain.shift, product.operand, static_cast<std::uint32_t>(group.sum)});
        }
      }
    }
    EXPECT_EQ(next, of.plains.size());
    return all;
  };
  EXPECT_EQ(products(plan), products(whole));
  EXPECT_EQ(products(plan).size(), shape.terms.size());
  for (const internal::ProductBatch& batch : plan.batches) {
    std::set<std::uint32_t> operands;
    for (const internal::ProductGroup& group : batch.groups) {
      for (const internal::Product& product : group.products) operands.insert(product.operand);
    }
    EXPECT_LE(batch.count, kPlains);
    // Of the 30: a block of 10, and what is left of the one before.
    EXPECT_LE(operands.size(), 20u);
  }
}

INSTANTIATE_TEST_SUITE_P(RingsAndDigits, InsecureLinearTransform,
                         testing::Combine(testing::Values(RingKind::kStandard,
                                                          RingKind::kConjugateInvariant),
                                          testing::Values(1u, 2u)));

void expect_refused(const std::function<void()>& act, base::ErrorCode code,
                    std::initializer_list<const char*> words) {
  try {
    act();
    ADD_FAILURE() << "accepted";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    for (const char* word : words) EXPECT_THAT(error.what(), HasSubstr(word));
  }
}

TEST(InsecureLinearTransformErrors, NameBothSides) {
  const Parameters parameters = insecure(RingKind::kStandard, 1, 10);
  Experiment e(parameters, dense(3, 2, 2, 1), true);
  const auto with = [&](const Ciphertext& a, const Ciphertext& b, const ckks::GaloisKeys& keys,
                        std::size_t primes) {
    const Ciphertext* pointers[] = {&a, &b};
    e.transform.apply(e.bench.evaluator, pointers, keys, primes);
  };
  using enum base::ErrorCode;
  const Ciphertext* const one[] = {&e.inputs[0]};
  expect_refused([&] { e.transform.apply(e.bench.evaluator, one, e.keys); }, kInvalidArgument,
                 {"1 inputs", "2 are needed"});
  Ciphertext low = e.inputs[0].clone(), low2 = e.inputs[1].clone();
  e.bench.evaluator.mod_drop(low, Level{1});
  e.bench.evaluator.mod_drop(low2, Level{1});
  expect_refused([&] { with(e.inputs[0], low, e.keys, 0); }, kMismatch, {"level 3", "level 1"});
  expect_refused([&] { with(low, low2, e.keys, 0); }, kMismatch, {"level 1", "level 3"});
  expect_refused([&] { with(e.inputs[0], e.inputs[1], e.keys, 4); }, kInvalidArgument,
                 {"4 primes at level 3"});
  Ciphertext other = e.inputs[0].clone();
  other.set_info(other.level(), Scale{0x1p34});
  expect_refused([&] { with(e.inputs[0], other, e.keys, 0); }, kMismatch, {"scale"});
  expect_refused(
      [&] {
        with(e.inputs[0], e.inputs[1], e.bench.rotation_keys({1, 3}, Level{3}), 0);
      },
      kInvalidArgument, {"no key", "rotation by 2"});
  expect_refused(
      [&] {
        with(e.inputs[0], e.inputs[1], e.bench.rotation_keys({1, 2, 3}, Level{2}), 0);
      },
      kMismatch, {"level 3", "level 2"});
  Bench stranger(parameters, 9);
  expect_refused(
      [&] {
        with(e.inputs[0], e.inputs[1], stranger.rotation_keys({1, 2, 3}, Level{3}), 0);
      },
      kMismatch, {"under key"});
}

TEST(InsecureLinearTransformErrors, ShapesAreChecked) {
  const auto refused = [](auto change, std::initializer_list<const char*> words) {
    TransformShape shape = dense(3, 2);
    change(shape);
    expect_refused([&] { check_shape(shape, 512); }, base::ErrorCode::kInvalidArgument, words);
  };
  check_shape(dense(3, 2), 512);
  refused([](auto& s) { s.babies[1].shift = 512; }, {"baby 1", "512 of 512"});
  refused([](auto& s) { s.babies[1].steps = {2}; }, {"baby 1", "by 1", "by 2"});
  refused([](auto& s) { s.giants[1].steps = {0, 3}; }, {"giant 1", "step of 0"});
  refused([](auto& s) { s.terms[2].input = 1; }, {"term 2", "input 1 of 1"});
  refused([](auto& s) { s.terms[2].giant = 7; }, {"term 2", "giant 7 of 2"});
  refused([](auto& s) { s.outputs = 2; }, {"output 1 has no term"});
}

/// Weights that are the same in all slots, so that no libm decides a rounding.
std::uint64_t bits_of_transform(RingKind ring) {
  Bench bench(insecure(ring, 2, 10), 3);
  const Level top = bench.context.max_level();
  const Ciphertext x = bench.encryptor.encrypt(
      bench.encoder.encode_coefficients(sawtooth(bench.context.n()), top, Scale{0x1p40}),
      bench.prng);
  const LinearTransform transform(
      bench.context, bench.encoder, dense(3, 3),
      [](std::uint32_t id, std::span<double> slots) {
        std::fill(slots.begin(), slots.end(), static_cast<double>(id) - 3);
      },
      top, Scale{0x1p20}, true);
  const Ciphertext* const inputs[] = {&x};
  const auto y =
      transform.apply(bench.evaluator, inputs, bench.rotation_keys({1, 2, 3, 6}, top), 1);
  return hash_of(y[0]);
}

TEST(InsecureLinearTransformGolden, BitsAreTheSameEverywhere) {
  EXPECT_EQ(bits_of_transform(RingKind::kStandard), 1890031052938374420u);
  EXPECT_EQ(bits_of_transform(RingKind::kConjugateInvariant), 4703678343094046049u);
}

class LongSecureLinearTransform : public testing::TestWithParam<RingKind> {};

TEST_P(LongSecureLinearTransform, At13And14) {
  for (const unsigned log_n : {13u, 14u}) {
    const auto literal = log_n == 13 ? chain(GetParam(), 13, 3, 1) : chain(GetParam(), 14, 6, 1);
    Experiment(Parameters::create(literal), dense(16, 8), true, Scale{0x1p20}).expect_right(1);
  }
}

INSTANTIATE_TEST_SUITE_P(BothRings, LongSecureLinearTransform,
                         testing::Values(RingKind::kStandard, RingKind::kConjugateInvariant));

}  // namespace
}  // namespace serdab::circuits
