#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "networks/compiler/arithmetic/execute.h"
#include "networks/compiler/passes/fold_batch_norm/fold_batch_norm.h"
#include "networks/compiler/passes/lower/lower.h"
#include "networks/compiler/passes/merge_linear/merge_linear.h"
#include "networks/compiler/passes/prune/prune.h"
#include "networks/datasets/named/load.h"
#include "networks/graph/executor/executor.h"
#include "networks/graph/onnx/import.h"

namespace serdab {
namespace {

struct Loaded {
  graph::Graph graph;
  nlohmann::json expected;
  datasets::Images images;
};

std::filesystem::path models() { return std::filesystem::path(SERDAB_SOURCE_DIR) / "models"; }

Loaded load_model(const std::string& name, std::size_t count = datasets::kAllImages) {
  Loaded loaded{graph::import_onnx(models() / name / "model.onnx"), {}, {}};
  std::ifstream stream(models() / name / "expected.json");
  loaded.expected = nlohmann::json::parse(stream);
  const std::string set = loaded.expected.at("data").get<std::string>() + ":val";
  loaded.images =
      datasets::load(set, loaded.graph.input_shape(), datasets::search_folders(), count);
  return loaded;
}

std::vector<double> as_double(const datasets::Images& images) {
  return {images.pixels.begin(), images.pixels.end()};
}

double accuracy(const std::vector<double>& outputs, const std::vector<int>& labels) {
  const std::size_t classes = outputs.size() / labels.size();
  std::size_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto begin = outputs.begin() + static_cast<std::ptrdiff_t>(i * classes);
    const auto best = std::max_element(begin, begin + static_cast<std::ptrdiff_t>(classes));
    right += best - begin == labels[i];
  }
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

compiler::ArithmeticNetwork compiled(const graph::Graph& g) {
  return compiler::prune(compiler::merge_linear(compiler::lower(compiler::fold_batch_norm(g))));
}

void expect_first_logits(const Loaded& model, const std::vector<double>& outputs) {
  const auto first = model.expected.at("logits").get<std::vector<std::vector<double>>>();
  for (std::size_t i = 0; i < std::min(first.size(), model.images.count()); ++i) {
    for (std::size_t c = 0; c < first[i].size(); ++c) {
      ASSERT_NEAR(outputs[i * first[i].size() + c], first[i][c], 1e-5);  // images are float
    }
  }
}

void expect_same_from_arithmetic_network(const Loaded& model, const std::vector<double>& images,
                                         const std::vector<double>& outputs) {
  const auto arithmetic = compiler::execute(compiled(model.graph), images).outputs;
  ASSERT_EQ(arithmetic.size(), outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    ASSERT_NEAR(arithmetic[i], outputs[i], 1e-9 * (1 + std::abs(outputs[i])));
  }
}

class ModelFigures : public ::testing::TestWithParam<const char*> {};

TEST_P(ModelFigures, AreReproducedByGraphAndArithmeticNetwork) {
  const std::string name = GetParam();
  if (!std::filesystem::exists(models() / name / "expected.json"))
    GTEST_SKIP() << "not trained yet";
  Loaded model;
  try {
    model = load_model(name);
  } catch (const base::Error& error) {
    if (name == "digits" || error.code() != base::ErrorCode::kIo) throw;
    GTEST_SKIP() << "set SERDAB_DATA: " << error.what();
  }
  const auto images = as_double(model.images);
  const auto outputs = graph::execute(model.graph, images).outputs;
  EXPECT_EQ(model.images.count(), model.expected.at("val_images").get<std::size_t>());
  EXPECT_DOUBLE_EQ(accuracy(outputs, model.images.labels),
                   model.expected.at("val_accuracy").get<double>());
  expect_first_logits(model, outputs);
  expect_same_from_arithmetic_network(model, images, outputs);
}

// Of networks too large for all the images: of a few.
TEST(LargeModelFigures, OfTheFirstImagesAreReproducedByGraphAndArithmeticNetwork) {
  for (const char* name : {"cifar10-paper", "resnet20"}) {
    SCOPED_TRACE(name);
    Loaded model;
    try {
      model = load_model(name, 4);
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kIo) throw;
      GTEST_SKIP() << "set SERDAB_DATA: " << error.what();
    }
    const auto images = as_double(model.images);
    const auto outputs = graph::execute(model.graph, images).outputs;
    expect_first_logits(model, outputs);
    expect_same_from_arithmetic_network(model, images, outputs);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, ModelFigures,
                         ::testing::Values("digits", "mnist-paper", "mnist-best", "mnist-small",
                                           "pneumonia"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace serdab
