#include "networks/compiler/passes/lower/lower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "networks/compiler/arithmetic/execute.h"
#include "networks/graph/onnx/import.h"
#include "networks/graph/testing/onnx_cases.h"

namespace serdab::compiler {
namespace {

using graph::Graph;
using graph::Tensor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Lower, DenseBecomesOneAffine) {
  Graph g;
  g.add("x", graph::Input{{2}}, {});
  g.add("fc", graph::Dense{{{2, 2}, {1, 2, 0, 4}}, {5, 6}}, {0});
  const ArithmeticNetwork network = lower(g);
  ASSERT_EQ(network.steps.size(), 1u);
  const auto& affine = std::get<Affine>(network.steps[0].op);
  EXPECT_EQ(affine.bias, (std::vector<double>{5, 6}));
  EXPECT_EQ(affine.terms[0].map.value, (std::vector<double>{1, 2, 4}));
  EXPECT_EQ(value_name(network, 1), "fc");
}

TEST(Lower, ResidualReadsBothValues) {
  Graph g;
  g.add("x", graph::Input{{2}}, {});
  g.add("square", graph::Polynomial{{{0, 0, 1}}, {}}, {0});
  g.add("add", graph::Sum{}, {1, 0});
  const ArithmeticNetwork network = lower(g);
  ASSERT_EQ(network.steps.size(), 2u);
  EXPECT_THAT(inputs_of(network.steps[1]), ElementsAre(1, 0));
  EXPECT_THAT(trace(network, std::vector<double>{3, -2})[2], ElementsAre(12, 2));
}

TEST(Lower, ReshapeCostsNothing) {
  Graph g;
  g.add("x", graph::Input{{1, 2, 2}}, {});
  g.add("flat", graph::Reshape{{4}}, {0});
  g.add("fc", graph::Dense{{{1, 4}, {1, 1, 1, 1}}, {}}, {1});
  g.add("row", graph::Reshape{{1, 1}}, {2});
  const ArithmeticNetwork network = lower(g);
  EXPECT_EQ(network.steps.size(), 1u);
  EXPECT_EQ(network.shape(1), (graph::Shape{1, 1}));
}

TEST(Lower, PolynomialOfDegreeOneIsAffine) {
  Graph g;
  g.add("x", graph::Input{{2}}, {});
  g.add("line", graph::Polynomial{{{1, 2, 0.0}, {3, 4}}, {0, 1}}, {0});
  const ArithmeticNetwork network = lower(g);
  ASSERT_TRUE(std::holds_alternative<Affine>(network.steps[0].op));
  EXPECT_THAT(trace(network, std::vector<double>{10, 10})[1], ElementsAre(21, 43));
}

TEST(Lower, NamesTheNodeItCannotWrite) {
  Graph g;
  g.add("x", graph::Input{{2}}, {});
  g.add("act", graph::Activation{graph::ActivationKind::kRelu, 0}, {0});
  try {
    lower(g);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("'act' (Relu)"));
  }
}

/// Every test model that has no activation left: the matrices compute what the graph computes.
class LowerOnnx : public ::testing::TestWithParam<std::string> {};

TEST_P(LowerOnnx, EqualsTheGraph) {
  const auto example = graph::testing::load_onnx_case(GetParam());
  const Graph g = graph::import_onnx(example.model);
  for (const auto& node : g.nodes()) {
    if (std::holds_alternative<graph::Activation>(node.op)) {
      EXPECT_THROW(lower(g), base::Error);
      return;
    }
  }
  const auto expected = graph::execute(g, example.input).outputs;
  const auto outputs = execute(lower(g), example.input).outputs;
  ASSERT_EQ(outputs.size(), expected.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    ASSERT_NEAR(outputs[i], expected[i], 1e-9 * (1 + std::abs(expected[i])));
  }
}

INSTANTIATE_TEST_SUITE_P(Onnx, LowerOnnx,
                         ::testing::ValuesIn(graph::testing::onnx_case_names(false)),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace serdab::compiler
