#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/base/error.h"
#include "networks/compiler/step/compile_step.h"
#include "networks/compiler/step/internal/least_squares.h"
#include "networks/program/counts.h"
#include "networks/program/reference.h"
#include "networks/program/verifier.h"

namespace serdab::compiler {
namespace {

using packing::SlotCircuit;
using Example = std::map<std::string, packing::SlotVectors>;

TEST(LeastSquares, MeetsEqualitiesAndComesClosestToWishes) {
  // x + y = 10, y − z = 1 (twice, once doubled); wishes x = 3, y = 3, z = 3 with weights 1, 1, 2.
  const auto form = [](std::vector<double> factors, double constant) {
    LinearForm f(factors.size());
    f.factors = std::move(factors);
    f.constant = constant;
    return f;
  };
  const std::vector<LinearForm> equalities{form({1, 1, 0}, -10), form({0, 1, -1}, -1),
                                           form({0, 2, -2}, -2)};
  const std::vector<WishedEquation> wishes{
      {form({1, 0, 0}, 0), 3, 1}, {form({0, 1, 0}, 0), 3, 1}, {form({0, 0, 1}, 0), 3, 2}};
  const std::vector<double> x = solve_wishes(3, wishes, equalities);
  for (const LinearForm& equality : equalities) EXPECT_NEAR(equality.at(x), 0, 1e-12);
  // With y = t: minimise (7 − t)² + (t − 3)² + 4·(t − 4)².
  EXPECT_NEAR(x[1], 26.0 / 6, 1e-6);
}

// w' = w − 0.1·(mask ⊙ (w ⊙ x − y)) summed over an axis, and v' = 2·w' − v.
SlotCircuit descent(std::uint32_t positions, std::int64_t factor) {
  SlotCircuit circuit;
  circuit.positions = positions;
  const auto w = circuit.input("w");
  const auto v = circuit.input("v");
  const auto x = circuit.input("x", 2);
  const auto y = circuit.input("y", 2);
  std::vector<double> mask(positions);
  for (std::uint32_t p = 0; p < positions; p += 2) mask[p] = 1;
  const auto error = circuit.subtract(circuit.mask(circuit.multiply(w, x), mask), y);
  const auto sum = circuit.products(error, x, {{0, 0, 0}, {1, 1, 0}});
  const auto gradient = circuit.rotate_sum(sum, packing::axis_shifts(4, positions / 4));
  const auto next = circuit.combine({{w, 1}, {circuit.scaled(gradient, 0.1), -factor}});
  circuit.output("w", next);
  circuit.output("v", circuit.combine({{next, 2}, {v, -1}}));
  return circuit;
}

Example example(std::uint32_t positions) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform(-1, 1);
  Example example;
  for (const auto& [name, count] : {std::pair("w", 1), {"v", 1}, {"x", 2}, {"y", 2}}) {
    packing::SlotVectors& rows = example[name];
    rows.resize(std::size_t{positions} * count);
    for (double& r : rows) r = uniform(random);
  }
  return example;
}

TEST(CompileStep, ProgramsMeanWhatTheirCircuitsDo) {
  constexpr std::uint32_t kPositions = 1u << 13;
  const std::vector<SlotCircuit> circuits{descent(kPositions, 1), descent(kPositions, 3)};
  const Example given = example(kPositions);
  StepGoal goal;
  goal.precision_bits = 16;
  const CompiledStep compiled =
      compile_step(circuits, {given}, goal, ckks_params::builtin_profile());
  ASSERT_EQ(compiled.programs.size(), 2u);
  EXPECT_GE(compiled.precision_bits, 16);
  for (std::size_t i = 0; i < circuits.size(); ++i) {
    program::verify(compiled.programs[i]);
    std::map<std::string, program::Bundle> inputs;
    for (const auto& [name, rows] : given) {
      program::Bundle bundle(rows.size(), 1);
      bundle.data = rows;
      inputs.emplace(name, std::move(bundle));
    }
    const auto outputs = program::run_reference(compiled.programs[i], std::move(inputs));
    for (const auto& [name, rows] : packing::run(circuits[i], given)) {
      for (std::size_t r = 0; r < rows.size(); ++r) {
        ASSERT_NEAR(outputs.at(name).data[r], rows[r], 1e-9) << name << " " << r;
      }
    }
    // Two products of two terms, relinearised as sums, and one mask; the mask's rescale and the
    // sum's are the only others.
    const program::OperationCounts counts = program::count_operations(compiled.programs[i]);
    EXPECT_EQ(counts.ciphertext_products, 4u);
    EXPECT_EQ(counts.relinearisations, 3u);
    EXPECT_EQ(counts.plaintext_products, 2u);
    EXPECT_EQ(counts.rescales, 5u);
    EXPECT_EQ(counts.rotations(), 2u);
  }
}

TEST(CompileStep, StatesComeBackAsTheyWentIn) {
  const SlotCircuit circuit = descent(1u << 13, 1);
  StepGoal goal;
  goal.precision_bits = 14;
  goal.blinding_bits = 40;
  const CompiledStep compiled =
      compile_step(circuit, {example(1u << 13)}, goal, ckks_params::builtin_profile());
  const auto inputs = program::input_ports(compiled.programs[0]);
  const auto outputs = program::output_ports(compiled.programs[0]);
  ASSERT_EQ(compiled.states.size(), 2u);
  for (const program::StepState& state : compiled.states) {
    EXPECT_EQ(state.refreshed, state.name == "w");
    const program::Port& in = inputs.at(state.name);
    const program::Port& out = outputs.at(state.name);
    EXPECT_EQ(in.level > out.level, state.refreshed);
    EXPECT_NEAR(out.scale.value / std::ldexp(in.scale.value, static_cast<int>(state.shift)), 1,
                1e-9);
    if (!state.refreshed) continue;
    // Room for the mask above the scaled message.
    double log_q = 0;
    for (std::size_t i = 0; i < out.level.primes(); ++i) {
      log_q += std::log2(static_cast<double>(compiled.parameters.q[i]));
    }
    EXPECT_GE(log_q, std::log2(out.scale.value * state.magnitude) + goal.guard_bits + 40 + 3);
  }
}

TEST(CompileStep, SaysWhatItTriedWhenNothingFits) {
  StepGoal goal;
  goal.precision_bits = 40;
  try {
    compile_step(descent(1u << 12, 1), {example(1u << 12)}, goal, ckks_params::builtin_profile());
    FAIL() << "forty bits do not fit N = 2^12";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kUnsupported);
    EXPECT_NE(std::string(error.what()).find("Tried:"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace serdab::compiler
