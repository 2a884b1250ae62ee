#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "networks/graph/executor/executor.h"
#include "networks/graph/onnx/import.h"
#include "networks/graph/patterns/recognise.h"
#include "networks/graph/testing/onnx_cases.h"

namespace serdab::graph {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

ScaleShift scale(double factor, double offset = 0.0) {
  return {Tensor::scalar(factor), Tensor::scalar(offset)};
}

Graph start(Shape shape = {2}) {
  Graph g;
  g.add("x", Input{std::move(shape)}, {});
  return g;
}

const Polynomial& only_polynomial(const Graph& g) {
  EXPECT_EQ(g.size(), 2u);
  return std::get<Polynomial>(g.node(1).op);
}

TEST(Polynomials, QuarticAsPyTorchWritesIt) {
  Graph g = start();  // s = x·x; s·(s·c4 + c2) + (x·c1 + c0)
  g.add("s", Multiply{}, {0, 0});
  g.add("a", scale(-0.5), {1});
  g.add("b", scale(1, 3), {2});
  g.add("c", Multiply{}, {1, 3});
  g.add("d", scale(0.25), {0});
  g.add("e", scale(1, 7), {5});
  g.add("p", Sum{}, {4, 6});
  const Graph found = recognise_patterns(g);
  EXPECT_THAT(only_polynomial(found).sets, ElementsAre(std::vector<double>{7, 0.25, 3, 0, -0.5}));
  EXPECT_EQ(found.node(1).name, "p");
}

TEST(Polynomials, CoefficientsPerChannel) {
  Graph g = start({2, 1, 2});
  g.add("s", Multiply{}, {0, 0});
  g.add("a", ScaleShift{{{2, 1, 1}, {3, 4}}, Tensor::scalar(0)}, {1});
  g.add("p", Sum{}, {2, 0});
  const Graph recognised = recognise_patterns(g);
  const Polynomial& found = only_polynomial(recognised);
  EXPECT_THAT(found.sets, ElementsAre(std::vector<double>{0, 1, 3}, std::vector<double>{0, 1, 4}));
  EXPECT_THAT(found.set_of_element, ElementsAre(0, 0, 1, 1));
}

TEST(Polynomials, PowersAndDifferences) {
  Graph g = start();
  g.add("cube", Power{3}, {0});
  g.add("p", Sum{{2, -1}}, {0, 1});
  const Graph found = recognise_patterns(g);
  EXPECT_THAT(only_polynomial(found).sets, ElementsAre(std::vector<double>{0, 2, 0, -1}));
}

TEST(Polynomials, AScaleBeforeStaysLinearUnlessItsInputIsUsedToo) {
  Graph g = start();
  g.add("u", scale(2, 1), {0});
  g.add("p", Multiply{}, {1, 1});
  Graph found = recognise_patterns(g);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_THAT(std::get<Polynomial>(found.node(2).op).sets,
              ElementsAre(std::vector<double>{0, 0, 1}));
  g.add("q", Sum{}, {2, 0});  // (2x + 1)² + x
  found = recognise_patterns(g);
  EXPECT_THAT(only_polynomial(found).sets, ElementsAre(std::vector<double>{1, 5, 4}));
}

TEST(Polynomials, ProductsOfDifferentValuesStay) {
  Graph g = start();
  g.add("fc", Dense{{{2, 2}, {1, 2, 3, 4}}, {}}, {0});
  g.add("gate", Multiply{}, {0, 1});
  const Graph found = recognise_patterns(g);
  EXPECT_TRUE(std::holds_alternative<Multiply>(found.node(2).op));
}

TEST(Polynomials, DegreeIsBounded) {
  Graph g = start();
  NodeId x = 0;
  for (int i = 0; i < 6; ++i) x = g.add("square" + std::to_string(i), Multiply{}, {x, x});
  const Graph found = recognise_patterns(g);  // x^64 = (x^16)^4
  const std::vector<double> image{1.01, 0.99};
  const auto expected = execute(g, image).outputs;
  EXPECT_THAT(execute(found, image).outputs,
              ElementsAre(DoubleNear(expected[0], 1e-12), DoubleNear(expected[1], 1e-12)));
  for (const Node& node : found.nodes()) {
    const auto* p = std::get_if<Polynomial>(&node.op);
    EXPECT_LE(p == nullptr ? 0 : p->degree(), 31u);
  }
}

ActivationKind only_activation(const Graph& g, std::size_t size = 2) {
  EXPECT_EQ(g.size(), size);
  return std::get<Activation>(g.node(1).op).kind;
}

TEST(Activations, SiluAndMish) {
  Graph silu = start();
  silu.add("s", Activation{ActivationKind::kSigmoid, 0}, {0});
  silu.add("p", Multiply{}, {1, 0});
  EXPECT_EQ(only_activation(recognise_patterns(silu)), ActivationKind::kSilu);
  Graph mish = start();
  mish.add("s", Activation{ActivationKind::kSoftplus, 0}, {0});
  mish.add("t", Activation{ActivationKind::kTanh, 0}, {1});
  mish.add("p", Multiply{}, {0, 2});
  EXPECT_EQ(only_activation(recognise_patterns(mish)), ActivationKind::kMish);
}

TEST(Activations, GeluWithTheHalfInEitherPlace) {
  for (bool half_first : {true, false}) {
    Graph g = start();
    g.add("d", scale(1 / std::sqrt(2.0)), {0});
    g.add("e", Activation{ActivationKind::kErf, 0}, {1});
    g.add("o", scale(1, 1), {2});
    const NodeId left = half_first ? g.add("h", scale(0.5), {0}) : 0;
    const NodeId p = g.add("p", Multiply{}, {left, 3});
    if (!half_first) g.add("h", scale(0.5), {p});
    const Graph found = recognise_patterns(g);
    EXPECT_EQ(only_activation(found, half_first ? 2 : 4), ActivationKind::kGelu);
    const std::vector<double> image{0.7, -1.3};
    const auto expected = execute(g, image).outputs, outputs = execute(found, image).outputs;
    for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(outputs[i], expected[i], 1e-12);
  }
}

/// How many nodes of each kind an exported file becomes.
std::size_t count(const std::string& name, std::string_view op) {
  const Graph g = import_onnx(testing::load_onnx_case(name).model);
  return static_cast<std::size_t>(
      std::count_if(g.nodes().begin(), g.nodes().end(),
                    [&](const Node& node) { return op_name(node.op) == op; }));
}

TEST(Exported, FilesGiveTheNodesExpected) {
  for (const char* name : {"torch_quartic", "torch_quadratic", "torch_pow", "polynomial_by_pow"}) {
    EXPECT_GE(count(name, "Polynomial"), 1u) << name;
    EXPECT_EQ(count(name, "Multiply"), 0u) << name;
    EXPECT_EQ(count(name, "Power"), 0u) << name;
  }
  EXPECT_GE(count("torch_silu", "Silu"), 1u);
  EXPECT_GE(count("torch_mish", "Mish"), 1u);
  EXPECT_EQ(count("torch_mish", "Softplus"), 0u);
}

}  // namespace
}  // namespace serdab::graph
