// The networks in models/, through every pass that needs no parameters.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "networks/compiler/arithmetic/execute.h"
#include "networks/compiler/passes/lower/lower.h"
#include "networks/compiler/passes/merge_linear/merge_linear.h"
#include "networks/compiler/passes/prune/prune.h"
#include "networks/graph/onnx/import.h"

namespace serdab::compiler {
namespace {

std::filesystem::path model_file(const std::string& name) {
  return std::filesystem::path(SERDAB_SOURCE_DIR) / "models" / name / "model.onnx";
}

std::vector<double> ramp_images(std::size_t count, std::size_t features) {
  std::vector<double> images(count * features);
  for (std::size_t i = 0; i < images.size(); ++i) {
    images[i] = static_cast<double>((i * 7919) % 256) / 255.0;
  }
  return images;
}

class Model : public ::testing::TestWithParam<const char*> {};

TEST_P(Model, PassesKeepTheFunction) {
  if (!std::filesystem::exists(model_file(GetParam()))) GTEST_SKIP() << "not trained yet";
  const graph::Graph g = graph::import_onnx(model_file(GetParam()));
  const auto images = ramp_images(40, graph::element_count(g.input_shape()));
  const auto expected = graph::execute(g, images).outputs;
  const ArithmeticNetwork network = prune(merge_linear(lower(g)));
  const auto outputs = execute(network, images).outputs;
  ASSERT_EQ(outputs.size(), expected.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    ASSERT_NEAR(outputs[i], expected[i], 1e-9 * (1 + std::abs(expected[i])));
  }
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    const bool linear = std::holds_alternative<Affine>(network.steps[i].op);
    EXPECT_EQ(linear, i % 2 == 0) << "linear layers and activations alternate";
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Model, ::testing::Values("digits", "mnist-paper", "mnist-best"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(ModelShapes, MnistPaperIsFiveSteps) {
  if (!std::filesystem::exists(model_file("mnist-paper"))) GTEST_SKIP() << "not trained yet";
  const auto g = graph::import_onnx(model_file("mnist-paper"));
  const ArithmeticNetwork network = prune(merge_linear(lower(g)));
  ASSERT_EQ(network.steps.size(), 5u);
  EXPECT_EQ(network.size(1), 605u);  // 5x12x12 without the last row and column
  EXPECT_EQ(network.size(3), 800u);
  EXPECT_EQ(network.size(5), 10u);
  EXPECT_EQ(used_inputs(network).size(), 625u);
  const auto& polynomial = std::get<Polynomial>(network.steps[1].op);
  ASSERT_EQ(polynomial.sets.size(), 1u);
  ASSERT_EQ(polynomial.degree(), 4u);
  EXPECT_NEAR(polynomial.sets[0][4], -0.002012, 1e-9);
}

}  // namespace
}  // namespace serdab::compiler
