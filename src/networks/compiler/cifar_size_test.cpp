// A CIFAR-10 sized network through the passes: several million entries must stay a matter of
// seconds.

#include <gtest/gtest.h>

#include "networks/compiler/arithmetic/execute.h"
#include "networks/compiler/passes/lower/lower.h"
#include "networks/compiler/passes/merge_linear/merge_linear.h"
#include "networks/compiler/passes/prune/prune.h"
#include "networks/packing/block_partition.h"

namespace serdab::compiler {
namespace {

using graph::Graph;
using graph::NodeId;

graph::Conv random_conv(std::size_t outputs, std::size_t inputs) {
  graph::Conv conv{{{outputs, inputs, 3, 3}, {}}, std::vector<double>(outputs, 0.1), {}, 1};
  for (std::size_t i = 0; i < outputs * inputs * 9; ++i) {
    conv.weights.values.push_back((static_cast<double>((i * 2654435761u) % 1009) - 504.5) / 5000.0);
  }
  conv.window.kernel = {3, 3};
  conv.window.pads = {1, 1, 1, 1};
  return conv;
}

/// conv 32, act, conv 32, pool, act, conv 64, act, pool, dense 10 on 3x32x32.
Graph cifar_network() {
  Graph g;
  graph::AveragePool pool;
  pool.window.kernel = pool.window.strides = {2, 2};
  const graph::Polynomial act{{{0.1, 0.5, 0.15, 0, -0.002}}, {}};
  NodeId x = g.add("image", graph::Input{{3, 32, 32}}, {});
  x = g.add("conv1", random_conv(32, 3), {x});
  x = g.add("act1", act, {x});
  x = g.add("conv2", random_conv(32, 32), {x});
  x = g.add("pool2", pool, {x});
  x = g.add("act2", act, {x});
  x = g.add("conv3", random_conv(64, 32), {x});
  x = g.add("act3", act, {x});
  x = g.add("pool3", pool, {x});
  x = g.add("flat", graph::Reshape{{64 * 64}}, {x});
  g.add("fc", graph::Dense{{{10, 64 * 64}, std::vector<double>(10 * 64 * 64, 0.01)}, {}}, {x});
  return g;
}

TEST(LongCifarSize, MergesPartitionsAndComputesTheSame) {
  const Graph g = cifar_network();
  const ArithmeticNetwork network = prune(merge_linear(lower(g)));
  ASSERT_EQ(network.steps.size(), 7u);
  const auto& second = std::get<Affine>(network.steps[2].op);
  EXPECT_GT(second.nonzeros(), 3'900'000u);
  const auto blocks = packing::block_partition(second.terms[0].map);
  EXPECT_EQ(blocks.blocks.size(), 256u);  // one per pooled position
  EXPECT_EQ(blocks.matrices.size(), 9u);  // inside, four sides, four corners
  EXPECT_LT(blocks.multiplications(), 1.01 * static_cast<double>(second.nonzeros()));
  std::vector<double> images(40 * 3072);
  for (std::size_t i = 0; i < images.size(); ++i) {
    images[i] = static_cast<double>((i * 7919) % 256) / 255.0;
  }
  const auto expected = graph::execute(g, images).outputs;
  const auto outputs = execute(network, images).outputs;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    ASSERT_NEAR(outputs[i], expected[i], 1e-9 * (1 + std::abs(expected[i])));
  }
}

}  // namespace
}  // namespace serdab::compiler
