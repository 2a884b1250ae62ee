#include "networks/graph/onnx/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include "engine/base/error.h"
#include "networks/graph/executor/executor.h"
#include "networks/graph/onnx/import.h"

namespace serdab::graph {
namespace {

using ::testing::HasSubstr;

std::vector<double> random_values(std::size_t count, unsigned seed, double scale = 1.0) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0, scale);
  std::vector<double> values(count);
  for (double& v : values) v = normal(random);
  return values;
}

Dense dense(std::size_t outputs, std::size_t inputs, unsigned seed, bool bias = true) {
  return {{{outputs, inputs}, random_values(outputs * inputs, seed, 0.4)},
          bias ? random_values(outputs, seed + 100) : std::vector<double>{}};
}

/// What `train export` writes: scaling of raw features, then layers and polynomials.
Graph trained() {
  Graph graph;
  graph.name = "iris";
  graph.metadata = {{"classes", "[\"setosa\",\"versicolor\"]"}, {"scaling", "{\"a\":1}"}};
  NodeId x = graph.add("features", Input{{4}}, {});
  x = graph.add("scaling",
                ScaleShift{Tensor::vector({0.1, 0.7, 1e-3, 0.0}), Tensor::vector({-1, 2, 0.3, 0})},
                {x});
  x = graph.add("dense1", dense(7, 4, 1), {x});
  x = graph.add("activation1", Polynomial{{{0.0, 0.5, 0.25}}, {}}, {x});
  x = graph.add("dense2", dense(5, 7, 2, false), {x});
  x = graph.add("activation2",
                Polynomial{{{0.1, 0.5, 0.0, 0.125}, {0.3, 0.2, 0.7}}, {0, 1, 1, 0, 0}}, {x});
  graph.add("dense3", dense(2, 5, 3), {x});
  return graph;
}

void expect_same_answers(const Graph& graph, const Graph& other, double tolerance = 0.0) {
  const auto images = random_values(16 * element_count(graph.input_shape()), 9);
  const auto expected = execute(graph, images).outputs, found = execute(other, images).outputs;
  ASSERT_EQ(expected.size(), found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i], expected[i], tolerance * (1 + std::abs(expected[i])));
  }
}

Graph round_trip(const Graph& graph, ElementType type = ElementType::kDouble) {
  return import_onnx_bytes(export_onnx_bytes(graph, type), "exported");
}

TEST(Export, TrainedNetworkComesBackToTheBit) {
  const Graph graph = trained(), back = round_trip(graph);
  expect_same_answers(graph, back);
  EXPECT_EQ(back.metadata, graph.metadata);
  EXPECT_EQ(back.name, "iris");
  EXPECT_EQ(back.input_shape(), (Shape{4}));
  std::size_t polynomials = 0;
  for (const Node& node : back.nodes()) {
    const auto* op = std::get_if<Polynomial>(&node.op);
    if (op == nullptr) continue;
    ++polynomials;
    EXPECT_EQ(op->degree(), node.name == "activation1" ? 2u : 3u);
  }
  EXPECT_EQ(polynomials, 2u);
  EXPECT_EQ(export_onnx_bytes(graph), export_onnx_bytes(graph));
}

TEST(Export, FloatsAreRounded) {
  const Graph graph = trained();
  EXPECT_LT(export_onnx_bytes(graph, ElementType::kFloat).size(), export_onnx_bytes(graph).size());
  expect_same_answers(graph, round_trip(graph, ElementType::kFloat), 1e-5);
}

TEST(Export, EveryActivationComesBack) {
  for (int kind = 0; kind <= static_cast<int>(ActivationKind::kHardSwish); ++kind) {
    const Activation activation{static_cast<ActivationKind>(kind), 0.25};
    Graph graph;
    const NodeId x = graph.add("x", Input{{6}}, {});
    graph.add("act", activation, {x});
    const Graph back = round_trip(graph);
    SCOPED_TRACE(op_name(activation));
    ASSERT_EQ(back.size(), 2u);
    EXPECT_EQ(op_name(back.node(1).op), op_name(activation));
    expect_same_answers(graph, back);
  }
}

TEST(Export, SumsProductsPowersAndOutputs) {
  for (const auto& signs : {std::array{1.0, 1.0}, {1.0, -1.0}, {-1.0, 1.0}, {-0.5, -2.0}}) {
    Graph graph;
    const NodeId x = graph.add("", Input{{2, 3}}, {});
    const NodeId a = graph.add("", dense(4, 3, 5), {x}), b = graph.add("", dense(4, 3, 6), {x});
    const NodeId sum = graph.add("", Sum{signs}, {a, b});
    const NodeId product = graph.add("", Multiply{}, {sum, a});
    graph.add("", Power{3}, {product});
    graph.add("", ScaleShift{}, {sum});  // not the answer
    graph.set_output(5);
    expect_same_answers(graph, round_trip(graph), 1e-12);  // the product becomes a polynomial
  }
  Graph graph = trained();
  graph.output_activation = OutputActivation::kSoftmax;
  EXPECT_EQ(round_trip(graph).output_activation, OutputActivation::kSoftmax);
  expect_same_answers(graph, round_trip(graph));
}

TEST(Export, SmallestGraphs) {
  Graph graph;
  const NodeId x = graph.add("x", Input{{3}}, {});
  expect_same_answers(graph, round_trip(graph));
  graph.add("constant", Polynomial{{{0.75}}, {}}, {x});
  expect_same_answers(graph, round_trip(graph));
  graph.add("line", Polynomial{{{0.75, 2.0}}, {}}, {x});
  graph.add("same", ScaleShift{}, {2});
  expect_same_answers(graph, round_trip(graph));
}

std::string error_of(const Graph& graph, ElementType type = ElementType::kDouble) {
  try {
    export_onnx_bytes(graph, type);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Export, RefusesByName) {
  Graph graph;
  NodeId x = graph.add("x", Input{{3, 4}}, {});
  graph.add("mix", Transpose{{1, 0}}, {x});
  EXPECT_THAT(error_of(graph), HasSubstr("'mix' (Transpose)"));
  Graph large;
  x = large.add("x", Input{{3}}, {});
  large.add("huge", ScaleShift{Tensor::scalar(1e60), Tensor::scalar(0)}, {x});
  EXPECT_EQ(error_of(large), "no error");
  EXPECT_THAT(error_of(large, ElementType::kFloat), HasSubstr("'huge'"));
}

/// A file of the test that vanishes with it.
struct TestFile {
  std::filesystem::path path = std::filesystem::temp_directory_path() /
                               ("serdab_export_" + std::to_string(getpid()) + ".onnx");
  ~TestFile() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
};

TEST(Export, FileIsReplacedWhole) {
  const TestFile file;
  std::ofstream(file.path) << "old";
  export_onnx(trained(), file.path);
  expect_same_answers(trained(), import_onnx(file.path));
  EXPECT_THROW(export_onnx(trained(), "/nonexistent/folder/model.onnx"), base::Error);
}

TEST(Export, PassesOnnxsOwnChecker) {
  std::string python;
  for (const char* candidate : {"python3", "/usr/bin/python3"}) {
    const std::string probe = std::string(candidate) + " -c 'import onnx' > /dev/null 2>&1";
    if (python.empty() && std::system(probe.c_str()) == 0) python = candidate;
  }
  if (python.empty()) GTEST_SKIP() << "no Python with the onnx package";
  for (const ElementType type : {ElementType::kDouble, ElementType::kFloat}) {
    const TestFile file;
    Graph graph = trained();
    graph.output_activation = OutputActivation::kSoftmax;
    graph.add("act", Activation{ActivationKind::kGelu, 0.0}, {graph.output()});
    graph.set_output(graph.size() - 1);
    export_onnx(graph, file.path, type);
    const std::string check = python +
                              " -c 'import onnx, sys; m = onnx.load(sys.argv[1]); "
                              "onnx.checker.check_model(m, full_check=True)' " +
                              file.path.string();
    EXPECT_EQ(std::system(check.c_str()), 0);
  }
}

}  // namespace
}  // namespace serdab::graph
