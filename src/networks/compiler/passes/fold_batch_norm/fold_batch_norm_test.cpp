#include "networks/compiler/passes/fold_batch_norm/fold_batch_norm.h"

#include <gtest/gtest.h>

#include "networks/graph/executor/executor.h"
#include "networks/graph/onnx/import.h"
#include "networks/graph/testing/onnx_cases.h"

namespace serdab::compiler {
namespace {

using graph::Graph;

graph::BatchNorm norm() { return {{2, 3}, {0.5, -1}, {1, 2}, {4, 0.25}, 0.0}; }

graph::Conv conv() { return {{{2, 1, 1, 1}, {1, -2}}, {}, {}, 1}; }

void expect_same(const Graph& a, const Graph& b, const std::vector<double>& images) {
  const auto x = graph::execute(a, images).outputs, y = graph::execute(b, images).outputs;
  ASSERT_EQ(x.size(), y.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(x[i], y[i], 1e-10 * (1 + std::abs(x[i])));
  }
}

bool has_batch_norm(const Graph& graph) {
  for (const auto& node : graph.nodes()) {
    if (std::holds_alternative<graph::BatchNorm>(node.op)) return true;
  }
  return false;
}

TEST(FoldBatchNorm, GoesIntoTheConvolution) {
  Graph g;
  g.add("x", graph::Input{{1, 1, 2}}, {});
  g.add("conv", conv(), {0});
  g.add("bn", norm(), {1});
  const Graph folded = fold_batch_norm(g);
  ASSERT_EQ(folded.size(), 2u);
  EXPECT_EQ(folded.node(1).name, "conv");
  const auto& weights = std::get<graph::Conv>(folded.node(1).op);
  EXPECT_EQ(weights.weights.values, (std::vector<double>{1, -12}));
  EXPECT_EQ(weights.bias, (std::vector<double>{-0.5, -13}));
  expect_same(g, folded, {3, 7});
}

TEST(FoldBatchNorm, AConvolutionReadTwiceKeepsItsWeights) {
  Graph g;
  g.add("x", graph::Input{{1, 1, 2}}, {});
  g.add("conv", conv(), {0});
  g.add("bn", norm(), {1});
  g.add("sum", graph::Sum{}, {1, 2});
  const Graph folded = fold_batch_norm(g);
  EXPECT_FALSE(has_batch_norm(folded));
  EXPECT_TRUE(std::holds_alternative<graph::ScaleShift>(folded.node(2).op));
  expect_same(g, folded, {3, 7});
}

class FoldBatchNormOnnx : public ::testing::TestWithParam<std::string> {};

TEST_P(FoldBatchNormOnnx, ComputesTheSame) {
  const auto example = graph::testing::load_onnx_case(GetParam());
  const Graph g = graph::import_onnx(example.model);
  const Graph folded = fold_batch_norm(g);
  EXPECT_FALSE(has_batch_norm(folded));
  expect_same(g, folded, example.input);
}

INSTANTIATE_TEST_SUITE_P(Onnx, FoldBatchNormOnnx,
                         ::testing::ValuesIn(graph::testing::onnx_case_names(false)),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace serdab::compiler
