#include "networks/training/lower/lower_p2.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "engine/base/error.h"
#include "networks/packing/circuit_counts.h"
#include "networks/packing/run_circuit.h"
#include "networks/training/perceptron.h"

namespace serdab::training {
namespace {

Tensors random_given(const StepGraph& step, std::size_t samples, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform(-0.8, 0.8);
  Tensors given;
  for (const StepNode& node : step.nodes) {
    const auto* op = std::get_if<GivenOp>(&node.op);
    if (op == nullptr) continue;
    TensorValues& values = given[op->name];
    values.resize(node.shape.rows * (node.shape.is_matrix() ? node.shape.cols : samples));
    for (double& v : values) v = uniform(random);
  }
  return given;
}

// Runs a step on slots twice, the second time on its own outputs, and compares every position of
// every output, padding too, with run_step.
void expect_same(const StepGraph& step, std::size_t samples, std::uint32_t positions,
                 std::mt19937_64& random, SumsSave save = SumsSave::kRotations) {
  Tensors given = random_given(step, samples, random);
  const LoweredStep lowered = lower_p2(step, samples, positions, save);
  std::map<std::string, packing::SlotVectors> ports;
  for (const auto& [name, values] : given) ports[name] = place(lowered, name, given);
  for (int round = 0; round < 2; ++round) {
    for (const auto& [name, values] : run_step(step, given, samples)) given[name] = values;
    for (const auto& [port, rows] : packing::run(lowered.circuit, ports)) ports[port] = rows;
    for (const StepOutput& output : step.outputs) {
      const auto expected = place(lowered, output.name, given);
      const auto& rows = ports.at(output.name);
      ASSERT_EQ(rows.size(), expected.size());
      double largest = 1;
      for (const double v : expected) largest = std::max(largest, std::abs(v));
      for (std::size_t row = 0; row < rows.size(); ++row) {
        ASSERT_NEAR(rows[row], expected[row], 1e-12 * largest)
            << output.name << " row " << row << " round " << round;
      }
    }
  }
}

std::vector<double> random_polynomial(std::size_t degree, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform(0.05, 0.5);
  std::vector<double> c(degree + 1);
  for (double& v : c) v = (random() % 2 == 0 ? 1 : -1) * uniform(random);
  return c;
}

Perceptron random_network(std::mt19937_64& random) {
  Perceptron network;
  const std::size_t layers = 1 + random() % 3;
  for (std::size_t l = 0; l <= layers; ++l) network.widths.push_back(1 + random() % 7);
  for (std::size_t l = 1; l < layers; ++l) {
    network.activations.push_back(random_polynomial(2 + random() % 2, random));
  }
  if (random() % 2 == 0) {
    network.loss = Loss::kCrossEntropy;
    network.output_polynomial = random_polynomial(1 + random() % 3, random);
  }
  network.weighted_samples = random() % 2 == 0;
  return network;
}

class RandomSteps : public testing::TestWithParam<unsigned> {};

TEST_P(RandomSteps, AreTheSameOnSlotsInP2) {
  std::mt19937_64 random(GetParam());
  const Perceptron network = random_network(random);
  const std::size_t samples = 1 + random() % 16;
  Optimiser optimiser;
  if (random() % 2 == 0) optimiser = {0.2, {3, 2}, {7, 3}, 0.01};
  const StepGraph step = training_step(network, optimiser, samples);
  expect_same(step, samples, random() % 2 == 0 ? 128 : 512, random);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomSteps, testing::Range(0u, 40u));

// Iris: 4-7-3, padded to 8 units and 128 samples.
TEST(LowerP2, SumsSaveRotationsOrLevels) {
  std::mt19937_64 random(3);
  const Perceptron network{{4, 7, 3}, {{0, 0.5, 0.25}}, Loss::kMeanSquared, {}, false};
  const StepGraph step = training_step(network, {0.15, {1, 0}, {7, 3}, 0}, 120);
  const auto counts_of = [&](SumsSave save) {
    expect_same(step, 120, 1024, random, save);
    return packing::count(lower_p2(step, 120, 1024, save).circuit);
  };
  const packing::CircuitCounts rotations = counts_of(SumsSave::kRotations);
  const packing::CircuitCounts levels = counts_of(SumsSave::kLevels);
  EXPECT_EQ(rotations.rotations(), 13u + 2 * 36);  // 4(8 − 1) + 2·log2(128 / 8) each
  EXPECT_EQ(levels.rotations(), 13u + 2 * 112);    // 2·8·log2(128) each
  EXPECT_EQ(rotations.depth, 9u);
  EXPECT_EQ(levels.depth, 7u);
}

// A unit that is dropped must not reach a matrix, an output or a further unit.
TEST(LowerP2, DroppedUnitsAreMaskedUnlessAProductDoes) {
  std::mt19937_64 random(1);
  StepGraph step;
  const StepNodeId w = step.matrix("w", 4, 3), x = step.vector("x", 3), e = step.vector("e", 3);
  const StepNodeId dropped = step.drop_last(step.matvec(w, x));
  const StepNodeId product = step.hadamard(dropped, e);
  step.output("product", product);
  EXPECT_EQ(packing::count(lower_p2(step, 3, 64).circuit).masks, 0u);
  expect_same(step, 3, 64, random);

  StepGraph more = step;
  more.output("again", more.append_one(dropped));
  EXPECT_EQ(packing::count(lower_p2(more, 3, 64).circuit).masks, 1u);
  expect_same(more, 3, 64, random);

  StepGraph gradient = step;
  gradient.output("g", gradient.outer(dropped, x));
  expect_same(gradient, 3, 64, random);

  StepGraph squared = step;
  squared.output("s", squared.hadamard(dropped, dropped));
  expect_same(squared, 3, 64, random);
}

// Constants of samples that are but padding would add to a gradient.
TEST(LowerP2, PaddedSamplesAddNothingToGradients) {
  std::mt19937_64 random(2);
  StepGraph step;
  const StepNodeId x = step.vector("x", 2);
  const StepNodeId one = step.append_one(step.polynomial(x, {0.5, 1, 0.25}));
  step.output("g", step.outer(one, one));
  for (const std::size_t samples : {1u, 3u, 4u, 5u, 9u}) expect_same(step, samples, 64, random);
}

// The rotations of x serve forward and gradient, those of d backward and gradient.
TEST(LowerP2, VectorsAreRotatedOnce) {
  StepGraph step;
  const StepNodeId w = step.matrix("w", 8, 8), x = step.vector("x", 8), d = step.vector("d", 8);
  step.output("y", step.matvec(w, x));
  step.output("z", step.matvec_transposed(w, d));
  step.output("w", step.weighted_sum({{w, 1}, {step.outer(d, x), -1}}));
  const packing::CircuitCounts counts = packing::count(lower_p2(step, 1, 8).circuit);
  EXPECT_EQ(counts.rotations(), 8u);  // 2(4 + 2 − 2)
  EXPECT_EQ(counts.products, 24u);
  EXPECT_EQ(counts.depth, 1u);
}

TEST(LowerP2, APolynomialSharesItsSquareWithItsDerivative) {
  StepGraph step;
  const StepNodeId x = step.vector("x", 4);
  step.output("p", step.polynomial(x, {0.1, 0.6, 0.2, -0.07}));
  step.output("slope", step.polynomial(x, {0.6, 2 * 0.2, 3 * -0.07}));
  const packing::CircuitCounts counts = packing::count(lower_p2(step, 1, 4).circuit);
  EXPECT_EQ(counts.products, 2u);
  EXPECT_EQ(counts.depth, 2u);
}

TEST(LowerP2, SaysHowManySamplesFit) {
  StepGraph step;
  step.output("x", step.vector("x", 5));
  EXPECT_NO_THROW(lower_p2(step, 8, 64));
  try {
    lower_p2(step, 9, 64);
    FAIL() << "9 samples of 8 positions were put into 64";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("at most 8 fit"), std::string::npos);
  }
  EXPECT_THROW(lower_p2(step, 0, 64), base::Error);
  EXPECT_THROW(lower_p2(step, 1, 4), base::Error);
}

TEST(LowerP2, RefusesTwoShapesOfOneName) {
  StepGraph step;
  step.output("x", step.append_one(step.vector("x", 3)));
  EXPECT_THROW(lower_p2(step, 1, 4), base::Error);
}

}  // namespace
}  // namespace serdab::training
