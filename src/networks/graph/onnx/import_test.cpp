#include "networks/graph/onnx/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "networks/graph/executor/executor.h"
#include "networks/graph/testing/onnx_cases.h"

namespace serdab::graph {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Imported : public ::testing::TestWithParam<std::string> {};

TEST_P(Imported, ComputesWhatTheModelSays) {
  const auto expected = testing::load_onnx_case(GetParam());
  const Graph graph = import_onnx(expected.model);
  auto outputs = execute(graph, expected.input).outputs;
  testing::apply_output_activation(graph, outputs);
  ASSERT_EQ(outputs.size(), expected.output.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    ASSERT_NEAR(outputs[i], expected.output[i], 1e-9 * (1 + std::abs(expected.output[i])));
  }
}

INSTANTIATE_TEST_SUITE_P(Onnx, Imported, ::testing::ValuesIn(testing::onnx_case_names(false)),
                         [](const auto& test) { return test.param; });

class Refused : public ::testing::TestWithParam<std::string> {};

TEST_P(Refused, WithAnErrorThatNamesTheFile) {
  const auto file = testing::source_dir() / "tests/data/onnx" / (GetParam() + ".onnx");
  try {
    import_onnx(file);
    FAIL() << "was imported";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(GetParam() + ".onnx: "));
  }
}

INSTANTIATE_TEST_SUITE_P(Onnx, Refused, ::testing::ValuesIn(testing::onnx_case_names(true)),
                         [](const auto& test) { return test.param; });

std::string message_of(const std::string& name) {
  try {
    import_onnx(testing::source_dir() / "tests/data/onnx" / (name + ".onnx"));
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(ImportMessages, SayWhatCouldTakeTheOperatorsPlace) {
  EXPECT_THAT(message_of("refused_max_pool"),
              AllOf(HasSubstr("(MaxPool)"), HasSubstr("compares"), HasSubstr("AveragePool")));
  EXPECT_THAT(message_of("refused_opset_99"), AllOf(HasSubstr("99"), HasSubstr("9 to 18")));
  EXPECT_THAT(message_of("refused_pad_reflect"), HasSubstr("constant padding"));
}

TEST(ImportFiles, MissingAndDirectory) {
  EXPECT_THROW(import_onnx(testing::source_dir() / "tests/data/onnx/nothing.onnx"), base::Error);
  EXPECT_THROW(import_onnx(testing::source_dir()), base::Error);
}

TEST(ImportFiles, EveryCutAndManyFlipsAreHandled) {
  const auto file = testing::source_dir() / "tests/data/onnx/torch_quartic.onnx";
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
  ASSERT_GT(bytes.size(), 100u);
  const auto attempt = [](const std::string& changed) {
    try {
      import_onnx_bytes(changed, "changed");
    } catch (const base::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("changed: "));
    }
  };
  for (std::size_t cut = 0; cut < bytes.size(); cut += 3) attempt(bytes.substr(0, cut));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    attempt(flipped);
  }
}

}  // namespace
}  // namespace serdab::graph
