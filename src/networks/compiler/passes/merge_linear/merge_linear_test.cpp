#include "networks/compiler/passes/merge_linear/merge_linear.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "networks/compiler/arithmetic/execute.h"
#include "networks/compiler/passes/lower/lower.h"
#include "networks/graph/onnx/import.h"
#include "networks/graph/testing/onnx_cases.h"

namespace serdab::compiler {
namespace {

using graph::Graph;
using graph::Tensor;
using ::testing::ElementsAre;

Tensor ones(std::size_t rows, std::size_t cols) {
  return {{rows, cols}, std::vector<double>(rows * cols, 1.0)};
}

TEST(MergeLinear, ConvolutionScaleAndPoolBecomeOne) {
  Graph g;
  g.add("x", graph::Input{{1, 4, 4}}, {});
  graph::Conv conv{{{1, 1, 2, 2}, {1, 2, 3, 4}}, {1}, {}, 1};
  conv.window.kernel = {2, 2};
  conv.window.pads = {0, 0, 1, 1};
  g.add("conv", conv, {0});
  g.add("scale", graph::ScaleShift{Tensor::scalar(2), Tensor::scalar(1)}, {1});
  graph::AveragePool pool;
  pool.window.kernel = pool.window.strides = {2, 2};
  g.add("pool", pool, {2});
  const ArithmeticNetwork before = lower(g), after = merge_linear(lower(g));
  EXPECT_EQ(before.steps.size(), 3u);
  ASSERT_EQ(after.steps.size(), 1u);
  EXPECT_THAT(after.steps[0].layers, ElementsAre("conv", "scale", "pool"));
  EXPECT_EQ(after.shape(1), (graph::Shape{1, 2, 2}));
  const std::vector<double> image{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  EXPECT_EQ(execute(after, image).outputs, execute(before, image).outputs);
}

TEST(MergeLinear, ANarrowWaistStaysWithinTheFactor) {
  Graph g;
  g.add("x", graph::Input{{20}}, {});
  g.add("down", graph::Dense{ones(2, 20), {}}, {0});
  g.add("up", graph::Dense{ones(20, 2), {}}, {1});
  EXPECT_EQ(merge_linear(lower(g)).steps.size(), 2u);  // 80 entries, merged 400
  EXPECT_EQ(merge_linear(lower(g), {5.0, 0.0}).steps.size(), 1u);
}

TEST(MergeLinear, ALevelIsWorthAShareOfTheNetwork) {
  Graph g;
  g.add("x", graph::Input{{100}}, {});
  g.add("big", graph::Dense{ones(100, 100), {}}, {0});
  g.add("act", graph::Polynomial{{{0, 0, 1}}, {}}, {1});
  g.add("down", graph::Dense{ones(2, 100), {}}, {2});
  g.add("up", graph::Dense{ones(10, 2), {}}, {3});  // 220 entries, merged 1,000, all 10,220
  EXPECT_EQ(merge_linear(lower(g)).steps.size(), 3u);
  EXPECT_EQ(merge_linear(lower(g), {2.0, 0.05}).steps.size(), 4u);
}

TEST(MergeLinear, PoolingStaysBeforeAConvolution) {
  Graph g;
  graph::AveragePool pool;
  pool.window.kernel = pool.window.strides = {2, 2};
  graph::Conv conv{{{8, 4, 3, 3}, std::vector<double>(8 * 4 * 9, 0.5)}, {}, {}, 1};
  conv.window.kernel = {3, 3};
  conv.window.pads = {1, 1, 1, 1};
  g.add("x", graph::Input{{4, 8, 8}}, {});
  g.add("square", graph::Polynomial{{{0, 0, 1}}, {}}, {0});
  g.add("pool", pool, {1});
  g.add("conv", conv, {2});
  EXPECT_EQ(merge_linear(lower(g)).steps.size(), 3u);  // 3,456 entries, merged 12,800
}

TEST(MergeLinear, AValueAPolynomialReadsStays) {
  Graph g;
  g.add("x", graph::Input{{3}}, {});
  g.add("fc", graph::Dense{ones(3, 3), {}}, {0});
  g.add("square", graph::Polynomial{{{0, 0, 1}}, {}}, {1});
  g.add("sum", graph::Sum{}, {2, 1});
  g.add("out", graph::Dense{ones(2, 3), {1, 2}}, {3});
  const ArithmeticNetwork after = merge_linear(lower(g));
  ASSERT_EQ(after.steps.size(), 3u);
  EXPECT_THAT(inputs_of(after.steps[2]), ElementsAre(2, 1));
  EXPECT_THAT(after.steps[2].layers, ElementsAre("sum", "out"));
  EXPECT_EQ(execute(after, std::vector<double>{1, 2, 3}).outputs,
            execute(lower(g), std::vector<double>{1, 2, 3}).outputs);
}

TEST(MergeLinear, AResidualWithoutActivationIsOneMap) {
  Graph g;
  g.add("x", graph::Input{{2}}, {});
  g.add("fc", graph::Dense{{{2, 2}, {1, 2, 3, 4}}, {}}, {0});
  g.add("sum", graph::Sum{{1, -1}}, {1, 0});
  const ArithmeticNetwork after = merge_linear(lower(g));
  ASSERT_EQ(after.steps.size(), 1u);
  EXPECT_THAT(execute(after, std::vector<double>{10, 20}).outputs, ElementsAre(40, 90));
}

class MergeLinearOnnx : public ::testing::TestWithParam<std::string> {};

TEST_P(MergeLinearOnnx, ComputesTheSame) {
  const auto example = graph::testing::load_onnx_case(GetParam());
  const Graph g = graph::import_onnx(example.model);
  for (const auto& node : g.nodes()) {
    if (std::holds_alternative<graph::Activation>(node.op)) return;  // another pass's work
  }
  const auto expected = graph::execute(g, example.input).outputs;
  const auto outputs = execute(merge_linear(lower(g)), example.input).outputs;
  ASSERT_EQ(outputs.size(), expected.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    ASSERT_NEAR(outputs[i], expected[i], 1e-9 * (1 + std::abs(expected[i])));
  }
}

INSTANTIATE_TEST_SUITE_P(Onnx, MergeLinearOnnx,
                         ::testing::ValuesIn(graph::testing::onnx_case_names(false)),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace serdab::compiler
