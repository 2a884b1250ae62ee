#include "networks/graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "networks/graph/executor/executor.h"
#include "networks/graph/shape_inference.h"

namespace serdab::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Shape infer(const Op& op, std::vector<Shape> inputs) { return infer_shape(op, inputs); }

std::string error_of(const Op& op, std::vector<Shape> inputs) {
  try {
    infer(op, std::move(inputs));
  } catch (const base::Error& error) {
    return error.what();
  }
  return "no error";
}

Window window(std::size_t kernel, std::size_t stride, std::size_t pad = 0) {
  return {{kernel, kernel}, {stride, stride}, {1, 1}, {pad, pad, pad, pad}};
}

Conv conv(Shape weights, Window w, std::size_t groups = 1) {
  const std::size_t count = element_count(weights);
  return {{std::move(weights), std::vector<double>(count, 1.0)}, {}, w, groups};
}

TEST(Shapes, ConvAndPool) {
  EXPECT_EQ(infer(conv({5, 1, 5, 5}, window(5, 2)), {{1, 28, 28}}), (Shape{5, 12, 12}));
  EXPECT_EQ(infer(conv({4, 1, 3, 3}, window(3, 1, 1), 4), {{4, 8, 8}}), (Shape{4, 8, 8}));
  EXPECT_EQ(infer(AveragePool{window(3, 2), false, false}, {{2, 6, 6}}), (Shape{2, 2, 2}));
  EXPECT_EQ(infer(AveragePool{window(3, 2), false, true}, {{2, 6, 6}}), (Shape{2, 3, 3}));
  EXPECT_THAT(error_of(conv({5, 2, 5, 5}, window(5, 2)), {{1, 28, 28}}), HasSubstr("channels"));
  EXPECT_THAT(error_of(conv({5, 1, 5, 5}, window(5, 2)), {{1, 4, 4}}), HasSubstr("does not fit"));
  EXPECT_THAT(error_of(conv({5, 1, 5, 5}, window(3, 2)), {{1, 9, 9}}), HasSubstr("kernel_shape"));
}

TEST(Shapes, ElementwiseAndLayout) {
  EXPECT_EQ(infer(Sum{}, {{3, 1, 1}, {3, 4, 4}}), (Shape{3, 4, 4}));
  EXPECT_THAT(error_of(Sum{}, {{3}, {4}}), HasSubstr("broadcast"));
  EXPECT_THAT(error_of(Sum{}, {{3}, {1, 3}}), HasSubstr("ranks"));
  EXPECT_EQ(infer(Transpose{{2, 0, 1}}, {{2, 3, 4}}), (Shape{4, 2, 3}));
  EXPECT_THAT(error_of(Transpose{{0, 0, 1}}, {{2, 3, 4}}), HasSubstr("perm"));
  EXPECT_EQ(infer(Mean{{1, 2}, false}, {{2, 3, 4}}), (Shape{2}));
  EXPECT_EQ(infer(Mean{{1, 2}, true}, {{2, 3, 4}}), (Shape{2, 1, 1}));
  EXPECT_EQ(infer(Concat{0}, {{2, 3}, {5, 3}}), (Shape{7, 3}));
  EXPECT_THAT(error_of(Concat{1}, {{2, 3}, {5, 3}}), HasSubstr("concatenate"));
  EXPECT_THAT(error_of(Reshape{{5}}, {{2, 3}}), HasSubstr("reshape"));
  EXPECT_THAT(error_of(Input{{1u << 20, 1u << 20}}, {}), HasSubstr("elements"));
  EXPECT_THAT(error_of(Input{{0, 3}}, {}), HasSubstr("no elements"));
}

TEST(Graph, DeadNodesVanish) {
  Graph g;
  g.add("x", Input{{2}}, {});
  g.add("dead", Power{2}, {0});
  const NodeId live = g.add("live", Power{3}, {0});
  g.add("after", Power{2}, {live});
  g.set_output(live);
  const Graph small = without_dead_nodes(g);
  ASSERT_EQ(small.size(), 2u);
  EXPECT_EQ(small.node(small.output()).name, "live");
}

TEST(Execute, RangesAndChunksOfManyImages) {
  Graph g;
  g.add("x", Input{{2}}, {});
  g.add("fc", Dense{{{1, 2}, {1, -1}}, {0.5}}, {0});
  std::vector<double> images;
  for (int i = 0; i < 77; ++i) {
    images.push_back(i);
    images.push_back(2.0 * i);
  }
  const Execution result = execute(g, images);
  ASSERT_EQ(result.outputs.size(), 77u);
  for (int i = 0; i < 77; ++i) EXPECT_EQ(result.outputs[static_cast<std::size_t>(i)], 0.5 - i);
  EXPECT_EQ(result.ranges[1].low, -75.5);
  EXPECT_EQ(result.ranges[1].high, 0.5);
  EXPECT_THROW(execute(g, std::vector<double>(3)), base::Error);
}

TEST(Tensor, TransposeAndBroadcast) {
  EXPECT_THAT(transpose_index({2, 3}, {1, 0}), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(broadcast({{2, 1}, {7, 8}}, {2, 2}), ElementsAre(7, 7, 8, 8));
  EXPECT_THROW(broadcast_index({3}, {2, 2}), base::Error);
}

TEST(Activations, AreFoundByName) {
  for (const std::string& name : activation_names()) EXPECT_TRUE(find_activation(name)) << name;
  EXPECT_EQ(find_activation("Swish"), ActivationKind::kSilu);
  EXPECT_EQ(find_activation("HardSwish"), ActivationKind::kHardSwish);
  EXPECT_EQ(find_activation("mish"), ActivationKind::kMish);
  EXPECT_EQ(find_activation("swush"), std::nullopt);
  EXPECT_EQ(find_activation(""), std::nullopt);
}

}  // namespace
}  // namespace serdab::graph
