#pragma once

// For tests only: the ONNX models of tests/data/onnx with their inputs and expected outputs.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "networks/graph/graph.h"

namespace serdab::graph::testing {

struct OnnxCase {
  std::filesystem::path model;
  std::vector<double> input, output;
};

inline std::filesystem::path source_dir() { return SERDAB_SOURCE_DIR; }

/// Names of the models that must import, or of those that must be refused; sorted.
inline std::vector<std::string> onnx_case_names(bool refused) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() / "tests/data/onnx")) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".onnx") continue;
    if (name.starts_with("refused_") == refused) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline OnnxCase load_onnx_case(const std::string& name) {
  OnnxCase result;
  result.model = source_dir() / "tests/data/onnx" / (name + ".onnx");
  std::ifstream stream(source_dir() / "tests/data/onnx" / (name + ".json"));
  const auto json = nlohmann::json::parse(stream);
  result.input = json.at("input").at("values").get<std::vector<double>>();
  result.output = json.at("output").at("values").get<std::vector<double>>();
  return result;
}

/// Applies what the import left to the client, so that outputs compare with the model's own.
inline void apply_output_activation(const Graph& graph, std::vector<double>& outputs) {
  if (graph.output_activation == OutputActivation::kNone) return;
  const std::size_t classes = graph.output_shape().back();
  for (std::size_t first = 0; first < outputs.size(); first += classes) {
    double sum = 0.0;
    for (std::size_t i = first; i < first + classes; ++i) sum += std::exp(outputs[i]);
    for (std::size_t i = first; i < first + classes; ++i) {
      const double log_probability = outputs[i] - std::log(sum);
      const bool log = graph.output_activation == OutputActivation::kLogSoftmax;
      outputs[i] = log ? log_probability : std::exp(log_probability);
    }
  }
}

}  // namespace serdab::graph::testing
