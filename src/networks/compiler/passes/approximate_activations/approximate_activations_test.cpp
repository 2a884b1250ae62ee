#include "networks/compiler/passes/approximate_activations/approximate_activations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace serdab::compiler {
namespace {

using graph::ActivationKind;
using graph::Graph;
using ::testing::HasSubstr;

Graph two_layers() {
  Graph g;
  g.add("x", graph::Input{{2}}, {});
  g.add("fc1", graph::Dense{{{2, 2}, {1, 2, -1, 1}}, {0.5, 0}}, {0});
  g.add("act1", graph::Activation{ActivationKind::kSilu, 0}, {1});
  g.add("fc2", graph::Dense{{{2, 2}, {1, 1, 1, -1}}, {}}, {2});
  g.add("act2", graph::Activation{ActivationKind::kTanh, 0}, {3});
  return g;
}

std::string error_of(const Graph& g, const std::vector<double>& images,
                     const ApproximationOptions& options) {
  try {
    approximate_activations(g, images, options);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ApproximateActivations, CalibratesLayerByLayer) {
  const std::vector<double> images{1, 1, -1, 0.5, 0.25, -2};
  const auto result = approximate_activations(two_layers(), images);
  ASSERT_EQ(result.approximations.size(), 2u);
  EXPECT_EQ(result.approximations[0].function, "Silu");
  EXPECT_DOUBLE_EQ(result.approximations[0].interval.high, 1.1 * 3.5);  // image 1: 1 + 2 + 0.5
  EXPECT_DOUBLE_EQ(result.approximations[0].interval.low, -1.1 * 3.5);
  for (const auto& node : result.graph.nodes()) {
    EXPECT_FALSE(std::holds_alternative<graph::Activation>(node.op));
  }
  const auto ranges = graph::execute(result.graph, images).ranges;
  const double r = std::max(-ranges[3].low, ranges[3].high);
  EXPECT_DOUBLE_EQ(result.approximations[1].interval.high, 1.1 * r);
  const auto exact = graph::execute(two_layers(), images).outputs;
  const auto close = graph::execute(result.graph, images).outputs;
  for (std::size_t i = 0; i < exact.size(); ++i) EXPECT_NEAR(close[i], exact[i], 0.3);
}

TEST(ApproximateActivations, GivenIntervalsNeedNoImages) {
  ApproximationOptions options;
  options.layers["act1"] = {4, graph::Range{-4, 4}, FitMethod::kLeastSquares};
  options.layers["act2"] = {7, graph::Range{-3, 3}, FitMethod::kMinimax};
  const auto result = approximate_activations(two_layers(), {}, options);
  const auto& silu = std::get<graph::Polynomial>(result.graph.node(2).op);
  EXPECT_NEAR(silu.sets[0][2], 0.19566, 5e-6);
  EXPECT_EQ(silu.sets[0][3], 0.0);
  EXPECT_EQ(std::get<graph::Polynomial>(result.graph.node(4).op).degree(), 7u);
}

TEST(ApproximateActivations, SaysWhichLayerLacksWhat) {
  ApproximationOptions options;
  options.layers["act1"].interval = graph::Range{-4, 4};
  EXPECT_THAT(error_of(two_layers(), {}, options), HasSubstr("'act2' (Tanh)"));
  options.layers["fc1"].degree = 3;
  EXPECT_THAT(error_of(two_layers(), {}, options), HasSubstr("'fc1'"));
  EXPECT_THAT(error_of(two_layers(), {}, {4, FitMethod::kMinimax, 0.5, {}}), HasSubstr("margin"));
}

}  // namespace
}  // namespace serdab::compiler
