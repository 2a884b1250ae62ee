#include "networks/compiler/passes/prune/prune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "networks/compiler/arithmetic/execute.h"
#include "networks/compiler/passes/lower/lower.h"

namespace serdab::compiler {
namespace {

using graph::Graph;
using ::testing::ElementsAre;

TEST(Prune, DropsWhatAStridedWindowDoesNotReach) {
  Graph g;
  g.add("x", graph::Input{{1, 1, 6}}, {});
  g.add("scale", graph::ScaleShift{graph::Tensor::scalar(3), graph::Tensor::scalar(1)}, {0});
  g.add("act", graph::Polynomial{{{0, 0, 1}, {1, 0, 2}}, {0, 1, 0, 1, 0, 1}}, {1});
  graph::Conv conv{{{1, 1, 1, 1}, {2}}, {}, {}, 1};
  conv.window.strides = {1, 5};
  g.add("conv", conv, {2});
  const ArithmeticNetwork before = lower(g), after = prune(before);
  EXPECT_EQ(after.size(0), 6u);
  EXPECT_EQ(after.size(1), 2u);
  EXPECT_EQ(after.size(2), 2u);
  EXPECT_EQ(after.shape(3), before.shape(3));
  EXPECT_THAT(used_inputs(after), ElementsAre(0, 5));
  const std::vector<double> image{1, 2, 3, 4, 5, 6};
  EXPECT_EQ(execute(after, image).outputs, execute(before, image).outputs);
}

TEST(Prune, LeavesAFullNetworkAlone) {
  Graph g;
  g.add("x", graph::Input{{2}}, {});
  g.add("fc", graph::Dense{{{2, 2}, {1, 2, 3, 4}}, {}}, {0});
  g.add("act", graph::Polynomial{{{0, 0, 1}}, {}}, {1});
  const ArithmeticNetwork after = prune(lower(g));
  EXPECT_EQ(after.shape(1), graph::Shape{2});
  EXPECT_EQ(std::get<Affine>(after.steps[0].op).nonzeros(), 4u);
}

}  // namespace
}  // namespace serdab::compiler
