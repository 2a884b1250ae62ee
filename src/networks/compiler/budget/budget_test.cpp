#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/base/error.h"
#include "networks/compiler/budget/search.h"
#include "networks/program/verifier.h"

namespace serdab::compiler {
namespace {

// Two dense layers with a squaring after each: 8 -> 6 -> 3, answers near 1.
Circuit two_layers() {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> uniform(-0.6, 0.6);
  const auto dense = [&](NodeId from, std::size_t rows, std::size_t cols) {
    packing::BlockAffine map;
    packing::DenseMatrix matrix{rows, cols, {}};
    for (std::size_t i = 0; i < rows * cols; ++i) matrix.values.push_back(uniform(random));
    map.matrices.push_back(std::move(matrix));
    packing::Block block;
    for (std::uint32_t i = 0; i < cols; ++i) block.inputs.push_back(i);
    for (std::uint32_t i = 0; i < rows; ++i) block.outputs.push_back(i);
    map.blocks.push_back(std::move(block));
    return CircuitAffine{{{from, std::move(map)}}, std::vector<double>(rows, 0.1)};
  };
  Circuit c;
  c.nodes.push_back({CircuitInput{}, "input", 8});
  c.nodes.push_back({dense(0, 6, 8), "first", 6});
  c.nodes.push_back({CircuitSquare{1}, "first", 6});
  c.nodes.push_back({CircuitReduce{2}, "first", 6});
  c.nodes.push_back({dense(3, 3, 6), "second", 3});
  c.nodes.push_back({CircuitSquare{4}, "second", 3});
  c.nodes.push_back({CircuitReduce{5}, "second", 3});
  return c;
}

program::Bundle calibration(std::size_t images) {
  std::mt19937 random(6);
  std::uniform_real_distribution<double> uniform(0, 1);
  program::Bundle bundle(8, images);
  for (double& v : bundle.data) v = uniform(random);
  return bundle;
}

SearchResult search(const SearchGoal& goal) {
  const Circuit circuit = two_layers();
  const program::Bundle inputs = calibration(200);
  const program::Bundle truth = program::run_reference(emit_ideal(circuit).program, inputs);
  return search_parameters(circuit, inputs, truth, goal, ckks_params::builtin_profile());
}

TEST(Search, ReachesThePrecisionAndNotMuchMore) {
  for (double bits : {8.0, 12.0, 16.0}) {
    SearchGoal goal;
    goal.precision_bits = {bits};
    const SearchResult found = search(goal);
    EXPECT_GE(found.precision_bits, bits);
    EXPECT_LE(found.precision_bits, bits + 3);
    EXPECT_NO_THROW(program::verify(found.emitted.program));
    EXPECT_NO_THROW(ckks_params::Parameters::create(found.parameters));
  }
}

TEST(Search, MorePrecisionCostsMoreBits) {
  double before = 0;
  for (double bits : {8.0, 12.0, 16.0, 20.0}) {
    SearchGoal goal;
    goal.precision_bits = {bits};
    goal.ring = base::RingKind::kConjugateInvariant;
    const SearchResult found = search(goal);
    double log_q = 0;
    for (std::uint64_t q : found.parameters.q) log_q += std::log2(static_cast<double>(q));
    EXPECT_GT(log_q, before);
    before = log_q;
  }
}

TEST(Search, GuardBitsAreKeptEverywhere) {
  SearchGoal goal;
  goal.guard_bits = 9;
  const SearchResult found = search(goal);
  const program::Program& p = found.emitted.program;
  for (const program::Value& value : p.values) {
    double log_q = 0;
    for (std::size_t i = 0; i < value.level.primes(); ++i) {
      log_q += std::log2(static_cast<double>(p.primes[i]));
    }
    EXPECT_GE(log_q - 1 - std::log2(value.scale.value * value.calibrated), 8.9) << value.layer;
  }
}

// Weights have 20 bits at most: no ring gives 40 bits of precision.
TEST(Search, SaysWhatWasTriedWhenNothingFits) {
  SearchGoal goal;
  goal.precision_bits = {40};
  goal.ring = base::RingKind::kStandard;
  try {
    search(goal);
    ADD_FAILURE();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kUnsupported);
    for (const char* tried : {"standard ring, N = 2^12", "standard ring, N = 2^16"}) {
      EXPECT_NE(std::string(error.what()).find(tried), std::string::npos) << error.what();
    }
  }
}

// Transforms with repeated weights, sums of rotations, a square and a scaled sum on 32 positions.
Circuit packed_circuit() {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> uniform(-0.5F, 0.5F);
  const auto transform = [&](NodeId from, std::uint32_t repeats) {
    CircuitTransform t;
    t.from = from;
    t.map = {32, 1, 1, {}, repeats};
    for (const std::uint32_t shift : {0u, 1u, 5u, 31u}) {
      packing::SlotDiagonal d{0, 0, shift, {}, {}};
      for (std::uint32_t p = shift % 3; p < 32 / repeats; p += 1 + shift % 2) {
        d.positions.push_back(p);
        d.weights.push_back(uniform(random));
      }
      t.map.diagonals.push_back(std::move(d));
    }
    t.split = packing::split_shifts({0, 1, 5, 31}, 32, 1, 3);
    return t;
  };
  Circuit c;
  c.layout = program::Layout::kPacked;
  c.positions = 32;
  c.nodes.push_back({CircuitInput{}, "input", 1});
  c.nodes.push_back({transform(0, 4), "first", 1});
  c.nodes.push_back({CircuitRotateSum{1, {16, 8}}, "first", 1});
  c.nodes.push_back({CircuitReduce{2}, "first", 1});
  c.nodes.push_back({CircuitSquare{3}, "first", 1});
  c.nodes.push_back({CircuitAddScaled{4, 3, {0.4}}, "first", 1});
  c.nodes.push_back({CircuitReduce{5}, "first", 1});
  c.nodes.push_back({transform(6, 1), "second", 1});
  CircuitTransform shortcut = transform(3, 2);
  shortcut.plus = 7;
  c.nodes.push_back({std::move(shortcut), "second", 1});
  c.nodes.push_back({CircuitReduce{8}, "second", 1});
  c.answer_rows = {0, 3, 17, 30};
  return c;
}

// What independent noise on every row of a node does to the answers, by experiment.
double response(const Circuit& circuit, const program::Bundle& inputs, NodeId id) {
  constexpr double kDeviation = 1e-5;
  const Emitted ideal = emit_ideal(circuit);
  const program::Bundle truth = program::run_reference(ideal.program, inputs);
  std::mt19937_64 random(id);
  double squares = 0;
  constexpr int kRuns = 40;
  for (int run = 0; run < kRuns; ++run) {
    const program::Bundle noisy = program::run_reference(
        ideal.program, inputs, [&](program::ValueId value, program::Bundle& bundle) {
          if (value != ideal.value_of_node[id]) return;
          std::normal_distribution<double> normal(0, kDeviation);
          for (double& x : bundle.data) x += normal(random);
        });
    const std::size_t outputs =
        circuit.answer_rows.empty() ? truth.count : circuit.answer_rows.size();
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t i = 0; i < truth.batch; ++i) {
        const double error =
            noisy.row(circuit.answer_row(o))[i] - truth.row(circuit.answer_row(o))[i];
        squares += error * error / static_cast<double>(outputs * truth.batch * kRuns);
      }
    }
  }
  return std::sqrt(squares) / kDeviation;
}

TEST(Sensitivity, IsWhatNoiseDoesByExperiment) {
  std::mt19937 random(8);
  std::uniform_real_distribution<double> uniform(-1, 1);
  program::Bundle slots(32, 60);
  for (double& v : slots.data) v = uniform(random);
  const std::pair<Circuit, program::Bundle> cases[] = {{two_layers(), calibration(60)},
                                                       {packed_circuit(), slots}};
  for (const auto& [circuit, inputs] : cases) {
    const NodeStatistics statistics = measure_nodes(circuit, inputs);
    const Sensitivity sensitivity = measure_sensitivity(circuit, statistics, inputs);
    for (NodeId id = 0; id < circuit.nodes.size(); ++id) {
      const double seen = response(circuit, inputs, id);
      EXPECT_NEAR(sensitivity.value[id], seen, 0.15 * seen) << "node " << id;
    }
  }
}

// Lagrange's point: no shift of one bit from one place to another, at equal error, saves bits of Q.
TEST(Solver, NoExchangeOfBitsSavesAny) {
  const Circuit circuit = two_layers();
  const program::Bundle inputs = calibration(200);
  const NodeStatistics statistics = measure_nodes(circuit, inputs);
  const Sensitivity sensitivity = measure_sensitivity(circuit, statistics, inputs);
  constexpr double kFresh = 300, kRounding = 2000, kTarget = 1e-4;
  const BitBudget best =
      solve_budget(circuit, statistics, sensitivity, {kFresh, kRounding, 0}, kTarget, 6);
  const auto error = [&](const BitBudget& b) {
    double sum = 0;
    for (NodeId id = 0; id < circuit.nodes.size(); ++id) {
      const double x = std::exp2(b.log_scale[id]);
      const CircuitOp& op = circuit.nodes[id].op;
      if (std::holds_alternative<CircuitInput>(op))
        sum += std::pow(sensitivity.value[id] * kFresh / x, 2);
      if (std::holds_alternative<CircuitReduce>(op))
        sum += std::pow(sensitivity.value[id] * kRounding / x, 2);
      if (std::holds_alternative<CircuitAffine>(op)) sum += std::pow(sensitivity.weight[id] / x, 2);
    }
    return std::sqrt(sum);
  };
  const auto bits = [&](BitBudget b) { return plan_chain(circuit, statistics, b, -1e9).log_q(); };
  EXPECT_NEAR(error(best), kTarget, 0.02 * kTarget);
  for (NodeId up : {0u, 1u, 3u, 4u, 6u}) {
    for (NodeId down : {0u, 1u, 3u, 4u, 6u}) {
      BitBudget moved = best;
      moved.log_scale[up] += 0.5;
      moved.log_scale[down] -= 0.5;
      if (up == down || error(moved) > kTarget) continue;
      EXPECT_GE(bits(moved), bits(best) - 0.02);
    }
  }
}

TEST(Emit, RoundingKeepsTheMean) {
  const Circuit circuit = two_layers();
  const program::Bundle inputs = calibration(200);
  const NodeStatistics statistics = measure_nodes(circuit, inputs);
  BitBudget budget;
  budget.log_scale.assign(circuit.nodes.size(), 30);
  for (NodeId id : {1u, 4u}) budget.log_scale[id] = 3;  // very coarse weights
  const Chain chain = plan_chain(circuit, statistics, budget, 20);
  std::vector<std::uint64_t> primes;
  for (double size : chain.log_primes)
    primes.push_back(static_cast<std::uint64_t>(std::exp2(size)));
  const Emitted coarse = emit(circuit, statistics, budget, chain, primes, {});
  std::vector<double> mean(6);
  program::run_reference(coarse.program, inputs, [&](program::ValueId id, program::Bundle& bundle) {
    if (id != coarse.value_of_node[1]) return;
    for (std::size_t e = 0; e < 6; ++e) {
      for (std::size_t i = 0; i < bundle.batch; ++i) mean[e] += bundle.row(e)[i] / 200;
    }
  });
  for (std::size_t e = 0; e < 6; ++e) EXPECT_NEAR(mean[e], statistics.mean[1][e], 1e-6);
}

}  // namespace
}  // namespace serdab::compiler
