#include "networks/compiler/circuit/build.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/base/error.h"
#include "networks/compiler/arithmetic/execute.h"
#include "networks/compiler/budget/solver.h"
#include "networks/program/reference.h"

namespace serdab::compiler {
namespace {

packing::SparseMatrix random_matrix(std::size_t rows, std::size_t cols, std::mt19937& random) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  packing::SparseBuilder builder(cols);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) {
      if (random() % 3 != 0) builder.add(c, uniform(random));
    }
    builder.end_row();
  }
  return builder.finish();
}

std::vector<double> random_vector(std::size_t size, std::mt19937& random) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<double> result(size);
  for (double& v : result) v = uniform(random);
  return result;
}

// input 5 -> affine 6 -> polynomial -> affine 3 (+ the first affine's value again, a residual)
ArithmeticNetwork network(std::vector<std::vector<double>> sets, bool residual,
                          std::mt19937& random) {
  ArithmeticNetwork n;
  n.input_shape = {5};
  n.steps.push_back(
      {Affine{{{0, random_matrix(6, 5, random)}}, random_vector(6, random)}, {6}, {"first"}});
  Polynomial polynomial{1, std::move(sets), {}};
  if (polynomial.sets.size() == 2) polynomial.set_of_element = {0, 1, 0, 1, 1, 0};
  n.steps.push_back({polynomial, {6}, {"activation"}});
  Affine last{{{2, random_matrix(3, 6, random)}}, random_vector(3, random)};
  if (residual) last.terms.push_back({1, random_matrix(3, 6, random)});
  n.steps.push_back({last, {3}, {"last"}});
  verify(n);
  return n;
}

void expect_same_function(const ArithmeticNetwork& network) {
  std::mt19937 random(9);
  constexpr std::size_t kImages = 20;
  const std::vector<double> images = random_vector(5 * kImages, random);
  const std::vector<double> truth = execute(network, images).outputs;
  const BuiltCircuit built = build_circuit(network);
  program::Bundle input(built.input_elements.size(), kImages);
  for (std::size_t e = 0; e < input.count; ++e) {
    for (std::size_t i = 0; i < kImages; ++i)
      input.row(e)[i] = images[i * 5 + built.input_elements[e]];
  }
  const program::Bundle answer =
      program::run_reference(emit_ideal(built.circuit).program, std::move(input));
  const std::size_t outputs = truth.size() / kImages;
  ASSERT_EQ(answer.count, outputs);
  for (std::size_t i = 0; i < kImages; ++i) {
    for (std::size_t o = 0; o < outputs; ++o) {
      EXPECT_NEAR(answer.row(o)[i], truth[i * outputs + o], 2e-4);
    }
  }
}

// input 5 -> affine 8 -> polynomial -> sums of pairs, each a quarter -> affine 3
ArithmeticNetwork pooled_network(std::mt19937& random) {
  ArithmeticNetwork n;
  n.input_shape = {5};
  n.steps.push_back(
      {Affine{{{0, random_matrix(8, 5, random)}}, random_vector(8, random)}, {8}, {"first"}});
  Polynomial polynomial{1, {{0.1, 0.5, 0.15, 0, -0.02}, {0.1, 0.4, 0.2, 0, 0.03}}, {}};
  polynomial.set_of_element = {0, 0, 0, 0, 1, 1, 1, 1};
  n.steps.push_back({polynomial, {8}, {"activation"}});
  packing::SparseBuilder pairs(8);
  for (std::size_t r = 0; r < 4; ++r) {
    pairs.add(2 * r, 0.25);
    pairs.add(2 * r + 1, 0.25);
    pairs.end_row();
  }
  n.steps.push_back({Affine{{{2, pairs.finish()}}, random_vector(4, random)}, {4}, {"pool"}});
  n.steps.push_back(
      {Affine{{{3, random_matrix(3, 4, random)}}, random_vector(3, random)}, {3}, {"last"}});
  verify(n);
  return n;
}

TEST(BuildCircuit, ASumTakesNoBitsAndComesBeforeTheReduction) {
  std::mt19937 random(4);
  const ArithmeticNetwork network = pooled_network(random);
  expect_same_function(network);
  const Circuit circuit = build_circuit(network).circuit;
  const auto parts = parts_by_node(circuit);
  std::size_t sums = 0;
  for (NodeId id = 0; id < circuit.nodes.size(); ++id) {
    if (circuit.nodes[id].layer != "pool") continue;
    const auto* affine = std::get_if<CircuitAffine>(&circuit.nodes[id].op);
    if (affine == nullptr) {  // the reduction, of pooled values alone
      EXPECT_TRUE(std::holds_alternative<CircuitReduce>(circuit.nodes[id].op));
      EXPECT_EQ(circuit.nodes[id].count, 4u);
      continue;
    }
    ++sums;
    EXPECT_EQ(parts[id], 3u);
    for (const auto& matrix : affine->terms.at(0).map.matrices) {
      for (const double w : matrix.values) EXPECT_EQ(w, 1);
    }
  }
  EXPECT_EQ(sums, 1u);
  const program::Bundle input = [&] {
    program::Bundle bundle(5, 50);
    bundle.data = random_vector(bundle.data.size(), random);
    return bundle;
  }();
  const NodeStatistics statistics = measure_nodes(circuit, input);
  const Sensitivity sensitivity = measure_sensitivity(circuit, statistics, input);
  const BitBudget budget = solve_budget(circuit, statistics, sensitivity, {1, 1, 1}, 1e-3, 6);
  for (NodeId id = 0; id < circuit.nodes.size(); ++id) {
    if (circuit.nodes[id].layer != "pool") continue;
    if (!std::holds_alternative<CircuitAffine>(circuit.nodes[id].op)) continue;
    EXPECT_EQ(budget.log_scale[id], 0);
    EXPECT_EQ(sensitivity.weight[id], 0);
  }
}

TEST(BuildCircuit, AnyPolynomialOfDegreeTwoToFour) {
  std::mt19937 random(1);
  for (std::size_t degree : {2u, 3u, 4u}) {
    for (int trial = 0; trial < 8; ++trial) {
      for (std::size_t sets : {1u, 2u}) {
        for (bool residual : {false, true}) {
          std::vector<std::vector<double>> coefficients;
          for (std::size_t s = 0; s < sets; ++s) {
            coefficients.push_back(random_vector(degree + 1, random));
            coefficients.back().back() = 0.3 + 0.1 * trial;
          }
          expect_same_function(network(coefficients, residual, random));
        }
      }
    }
  }
}

TEST(BuildCircuit, SwishNeedsTwoSquaringsAndNoProductElse) {
  std::mt19937 random(2);
  const BuiltCircuit built =
      build_circuit(network({{0.1198, 0.5, 0.1473, 0, -0.002012}}, false, random));
  std::size_t squares = 0, products = 0;
  for (const CircuitNode& node : built.circuit.nodes) {
    squares += std::holds_alternative<CircuitSquare>(node.op);
    products += std::holds_alternative<CircuitMultiply>(node.op);
  }
  EXPECT_EQ(squares, 2u);
  EXPECT_EQ(products, 0u);
}

// 6 activations into 3 outputs: the second product is reduced after the dense layer, on three
// ciphertexts.
TEST(BuildCircuit, ReducesWhereThereAreFewerCiphertexts) {
  std::mt19937 random(3);
  const BuiltCircuit built = build_circuit(network({{0.1, 0.5, 0.2, 0, -0.1}}, false, random));
  std::vector<std::uint32_t> reduced;
  for (const CircuitNode& node : built.circuit.nodes) {
    if (std::holds_alternative<CircuitReduce>(node.op)) reduced.push_back(node.count);
  }
  EXPECT_EQ(reduced, (std::vector<std::uint32_t>{6, 3}));
}

TEST(BuildCircuit, LeadingZerosAreNoDegree) {
  std::mt19937 random(4);
  expect_same_function(network({{0.5, 0.2, 0, -0.004, 0}}, false, random));
}

TEST(BuildCircuit, DegreesItCannotDoAreNamed) {
  std::mt19937 random(5);
  for (const auto& sets : {std::vector<std::vector<double>>{{0, 0, 1, 0, 0, 1}},
                           std::vector<std::vector<double>>{{0, 1, 1}, {0, 1, 1, 1}}}) {
    try {
      build_circuit(network(sets, false, random));
      ADD_FAILURE();
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kUnsupported);
      EXPECT_NE(std::string(error.what()).find("activation"), std::string::npos) << error.what();
    }
  }
}

TEST(BuildCircuit, InputsThatNobodyReadsAreNotEncrypted) {
  std::mt19937 random(6);
  ArithmeticNetwork n = network({{0.1, 0.5, 0.2}}, false, random);
  packing::SparseBuilder builder(5);
  for (std::size_t r = 0; r < 6; ++r) {
    builder.add(1, 0.5);
    builder.add(3, 0.1 * static_cast<double>(r + 1));
    builder.end_row();
  }
  std::get<Affine>(n.steps[0].op).terms[0].map = builder.finish();
  EXPECT_EQ(build_circuit(n).input_elements, (std::vector<std::uint32_t>{1, 3}));
  expect_same_function(n);
}

// Wider than one GEMM call: split into terms that add up.
TEST(BuildCircuit, WideLayersAreSplit) {
  std::mt19937 random(7);
  ArithmeticNetwork n;
  n.input_shape = {5000};
  n.steps.push_back({Affine{{{0, random_matrix(2, 5000, random)}}, {0, 0}}, {2}, {"wide"}});
  const BuiltCircuit built = build_circuit(n);
  const auto& affine = std::get<CircuitAffine>(built.circuit.nodes[1].op);
  EXPECT_GE(affine.terms.size(), 1u);
  for (const RealTerm& term : affine.terms) {
    for (const auto& matrix : term.map.matrices) EXPECT_LE(matrix.cols, 4096u);
  }
  const std::vector<double> image = random_vector(5000, random);
  program::Bundle input(built.input_elements.size(), 1);
  for (std::size_t e = 0; e < input.count; ++e) input.row(e)[0] = image[built.input_elements[e]];
  const auto answer = program::run_reference(emit_ideal(built.circuit).program, std::move(input));
  const auto truth = execute(n, image).outputs;
  for (std::size_t o = 0; o < 2; ++o) EXPECT_NEAR(answer.row(o)[0], truth[o], 1e-2);
}

}  // namespace
}  // namespace serdab::compiler
