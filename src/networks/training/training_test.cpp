#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "networks/packing/circuit_counts.h"
#include "networks/packing/run_circuit.h"
#include "networks/training/lower/lower_p3.h"
#include "networks/training/perceptron.h"

namespace serdab::training {
namespace {

const std::vector<double> kQuadratic{0, 0.5, 0.25};
const std::vector<double> kFalling{0.1, 0.7, -0.2};
const std::vector<double> kCubic{0.05, 0.6, 0.1, -0.07};

struct Case {
  const char* name;
  Perceptron network;
  Optimiser optimiser;
  std::size_t samples;
  std::uint32_t positions;
};

std::vector<Case> cases() {
  const Optimiser plain{0.2, {1, 0}, {0, 0}, 0};
  const Optimiser nesterov{0.15, {1, 0}, {7, 3}, 0};
  const Optimiser all{0.3, {3, 2}, {3, 2}, 0.01};
  const std::vector<double> softmax{0.3, 0.22, 0.03, -0.01};
  return {
      {"iris", {{4, 7, 3}, {kQuadratic}, Loss::kMeanSquared, {}, false}, nesterov, 12, 2048},
      {"several_ciphertexts",
       {{4, 7, 3}, {kQuadratic}, Loss::kMeanSquared, {}, false},
       all,
       13,
       256},
      {"logistic", {{6, 2}, {}, Loss::kCrossEntropy, softmax, false}, nesterov, 9, 128},
      {"deep", {{3, 5, 4, 2}, {kFalling, kCubic}, Loss::kMeanSquared, {}, false}, plain, 7, 128},
      {"cubic", {{5, 3, 3}, {kCubic}, Loss::kCrossEntropy, softmax, false}, all, 8, 512},
      {"weighted", {{4, 3, 2}, {kQuadratic}, Loss::kMeanSquared, {}, true}, nesterov, 8, 1024},
      {"weighted_softmax", {{4, 2}, {}, Loss::kCrossEntropy, softmax, true}, plain, 5, 64},
  };
}

Tensors random_tensors(const StepGraph& step, std::size_t samples) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> uniform(-0.8, 0.8);
  Tensors given;
  for (const StepNode& node : step.nodes) {
    const auto* op = std::get_if<GivenOp>(&node.op);
    if (op == nullptr) continue;
    TensorValues& values = given[op->name];
    values.resize(node.shape.rows * (node.shape.is_matrix() ? node.shape.cols : samples));
    for (double& v : values) v = uniform(random);
    if (op->name != "x") continue;
    for (std::size_t s = 0; s < samples; ++s) values[(s + 1) * node.shape.rows - 1] = 1;
  }
  return given;
}

class Steps : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Training, Steps, ::testing::ValuesIn(cases()),
                         [](const auto& tested) { return tested.param.name; });
std::ostream& operator<<(std::ostream& out, const Case& tested) { return out << tested.name; }

// The gradient that a plain descent step applies is the derivative of the mean loss.
TEST_P(Steps, DescendAlongTheGradient) {
  const Case& tested = GetParam();
  const StepGraph step = training_step(tested.network, {0.5, {1, 0}, {0, 0}, 0}, tested.samples);
  const Tensors given = random_tensors(step, tested.samples);
  const Tensors after = run_step(step, given, tested.samples);
  const auto loss_at = [&](const Tensors& at) {
    const TensorValues z = predict(tested.network, at, at.at("x"), tested.samples);
    if (!tested.network.weighted_samples) {
      return loss(tested.network, z, at.at("y"), tested.samples);
    }
    // r·∫(p − y/r): the factors stand outside the integral.
    double sum = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
      const double r = at.at("r")[i];
      sum += r * loss(tested.network, {z[i]}, {at.at("y")[i] / r}, tested.samples);
    }
    return sum;
  };
  for (std::size_t l = 1; l <= tested.network.layers(); ++l) {
    const std::string name = "w" + std::to_string(l);
    for (std::size_t e = 0; e < given.at(name).size(); ++e) {
      Tensors up = given, down = given;
      const double h = 1e-5;
      up[name][e] += h;
      down[name][e] -= h;
      const double slope = (loss_at(up) - loss_at(down)) / (2 * h);
      EXPECT_NEAR((given.at(name)[e] - after.at(name)[e]) / 0.5, slope, 1e-8) << name << " " << e;
    }
  }
}

TEST_P(Steps, AreTheSameOnSlotsInP3) {
  const Case& tested = GetParam();
  const StepGraph step = training_step(tested.network, tested.optimiser, tested.samples);
  Tensors given = random_tensors(step, tested.samples);
  const LoweredStep lowered = lower_p3(step, tested.samples, tested.positions);
  // Twice, the second time on its own outputs as they stand in the slots.
  std::map<std::string, packing::SlotVectors> ports;
  for (const auto& node : lowered.circuit.nodes) {
    if (const auto* input = std::get_if<packing::InputOp>(&node.op)) {
      ports[input->name] = place(lowered, input->name, given);
    }
  }
  for (int round = 0; round < 2; ++round) {
    for (const auto& [port, rows] : packing::run(lowered.circuit, ports)) ports[port] = rows;
    const Tensors after = run_step(step, given, tested.samples);
    for (const auto& [name, values] : after) given[name] = values;
    for (const auto& [name, values] : after) {
      const TensorValues on_slots =
          collect(lowered.places.at(name), ports.at(lowered.places.at(name).port));
      for (std::size_t e = 0; e < values.size(); ++e) {
        EXPECT_NEAR(on_slots[e], values[e], 1e-12) << name << " " << e << " round " << round;
      }
      // Every copy, and zeros elsewhere.
      const auto again = place(lowered, lowered.places.at(name).port, given);
      const auto& rows = ports.at(lowered.places.at(name).port);
      for (std::size_t row = 0; row < again.size(); ++row) {
        if (again[row] != 0) {
          EXPECT_NEAR(again[row], rows[row], 1e-12);
        }
      }
    }
  }
}

TEST(Counts, OfIrisAreBelowThoseOfTheDesign) {
  const Perceptron network{{4, 7, 3}, {kQuadratic}, Loss::kMeanSquared, {}, false};
  const StepGraph step = training_step(network, {0.15, {1, 0}, {7, 3}, 0}, 120);
  const LoweredStep lowered = lower_p3(step, 120, 1 << 14);
  const packing::CircuitCounts counts = packing::count(lowered.circuit);
  EXPECT_EQ(counts.rotations(), 22u);
  EXPECT_EQ(counts.products, 7u);
  EXPECT_EQ(counts.masks, 2u);
  EXPECT_EQ(counts.depth, 7u);
}

}  // namespace
}  // namespace serdab::training
