#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "networks/training/plan.h"
#include "networks/training/synthetic.h"

// The twin against the specification written independently in Python (tests/training/twin.py).
namespace serdab::training {
namespace {

using nlohmann::json;

struct Case {
  const char* name;
  Task task;
  std::vector<double> class_weights;
};
std::ostream& operator<<(std::ostream& out, const Case& tested) { return out << tested.name; }

Task task_of(Perceptron network, Optimiser optimiser, std::vector<RateChange> schedule,
             std::uint32_t batches) {
  Task task;
  task.network = std::move(network);
  task.optimiser = optimiser;
  task.schedule = std::move(schedule);
  task.batch = 14;
  task.batches = batches;
  task.steps = 12;
  return task;
}

std::vector<Case> cases() {
  const std::vector<double> quadratic{0, 0.5, 0.25}, cubic{0.05, 0.6, 0.1, -0.07};
  const std::vector<double> sigmoid{0.3, 0.22, 0.03, -0.01};
  const std::vector<RateChange> constant{{0, {1, 0}}},
      falling{{0, {1, 0}}, {3, {3, 2}}, {7, {1, 3}}};
  return {
      {"iris",
       task_of({{4, 7, 3}, {quadratic}, Loss::kMeanSquared, {}, false}, {0.15, {1, 0}, {7, 3}, 0},
               constant, 1),
       {}},
      {"batches_and_schedule",
       task_of({{4, 6, 3}, {cubic}, Loss::kMeanSquared, {}, false}, {0.2, {1, 0}, {3, 2}, 0},
               falling, 3),
       {}},
      {"deep_softmax",
       task_of({{4, 5, 4, 3}, {quadratic, cubic}, Loss::kCrossEntropy, sigmoid, false},
               {0.1, {1, 0}, {0, 0}, 0}, falling, 2),
       {}},
      {"weighted_logistic",
       task_of({{4, 3}, {}, Loss::kCrossEntropy, sigmoid, true}, {0.3, {1, 0}, {7, 3}, 0}, constant,
               2),
       {0.5, 1.25, 2.0}},
  };
}

// Rows of all batches, one batch after another.
LabelledRows rows_of(const Task& task) {
  return synthetic_rows(task.batch * task.batches, task.network.widths.front(),
                        task.network.widths.back(), 11);
}

std::vector<Tensors> batches_of(const Case& tested) {
  const Task& task = tested.task;
  const LabelledRows rows = rows_of(task);
  const std::size_t width = task.network.widths.front();
  std::vector<Tensors> batches;
  for (std::size_t b = 0; b < task.batches; ++b) {
    const auto x = rows.features.begin() + static_cast<std::ptrdiff_t>(b * task.batch * width);
    const auto y = rows.labels.begin() + static_cast<std::ptrdiff_t>(b * task.batch);
    batches.push_back(batch_tensors(task, {x, x + static_cast<std::ptrdiff_t>(task.batch * width)},
                                    {y, y + static_cast<std::ptrdiff_t>(task.batch)},
                                    tested.class_weights));
  }
  return batches;
}

json matrix(const TensorValues& values, std::size_t cols) {
  json rows = json::array();
  for (std::size_t i = 0; i < values.size(); i += cols) {
    rows.push_back(TensorValues(values.begin() + static_cast<std::ptrdiff_t>(i),
                                values.begin() + static_cast<std::ptrdiff_t>(i + cols)));
  }
  return rows;
}

json first_weights(const Task& task, const Tensors& weights) {
  json layers = json::array();
  for (std::size_t l = 0; l < task.network.layers(); ++l) {
    layers.push_back(matrix(weights.at("w" + std::to_string(l + 1)), task.network.widths[l] + 1));
  }
  return layers;
}

void describe_rows(const Case& tested, json& in) {
  const LabelledRows rows = rows_of(tested.task);
  json y = json::array(), factors = json::array();
  for (const auto label : rows.labels) {
    std::vector<double> one_hot(tested.task.network.widths.back(), 0.0);
    one_hot[label] = 1;
    y.push_back(one_hot);
    factors.push_back(tested.class_weights.empty() ? 1.0 : tested.class_weights[label]);
  }
  json batches = json::array();
  for (std::size_t b = 0; b < tested.task.batches; ++b) {
    std::vector<std::size_t> numbers(tested.task.batch);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = b * tested.task.batch + i;
    batches.push_back(numbers);
  }
  in.update({{"x", matrix(rows.features, tested.task.network.widths.front())},
             {"y", y},
             {"sample_weights", factors},
             {"batches", batches}});
}

json description(const Case& tested, const Tensors& weights) {
  const Task& task = tested.task;
  std::vector<double> eta;
  for (std::uint64_t t = 0; t < task.steps; ++t) {
    double factor = 1;
    for (const auto& change : task.schedule) {
      if (change.first <= t) factor = change.factor.value();
    }
    eta.push_back(task.optimiser.rate * factor);
  }
  json in{{"layers", task.network.widths},
          {"activation", task.network.activations},
          {"loss", task.network.loss == Loss::kCrossEntropy ? "softmax" : "mse"},
          {"output_polynomial", task.network.output_polynomial},
          {"eta", eta},
          {"momentum", task.optimiser.momentum.value()},
          {"decay", task.optimiser.decay},
          {"w0", first_weights(task, weights)}};
  describe_rows(tested, in);
  return in;
}

class Twin : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Training, Twin, ::testing::ValuesIn(cases()),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(Twin, IsThatOfTheSpecificationInPython) {
  if (std::system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") != 0) {
    GTEST_SKIP() << "/usr/bin/python3 has no numpy";
  }
  const Case& tested = GetParam();
  Tensors weights = initial_weights(tested.task, 2);
  const std::string base = ::testing::TempDir() + "/twin" + std::to_string(::getpid());
  std::ofstream(base + ".in") << description(tested, weights);
  const std::string command = "/usr/bin/python3 " SERDAB_TWIN " " + base + ".in " + base + ".out";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const json out = json::parse(std::ifstream(base + ".out"));
  std::filesystem::remove(base + ".in");
  std::filesystem::remove(base + ".out");
  const auto batches = batches_of(tested);
  for (std::uint64_t t = 0; t < tested.task.steps; ++t) {
    weights = run_twin(tested.task, batches, weights, t, t + 1);
    for (std::size_t l = 0; l < tested.task.network.layers(); ++l) {
      const TensorValues& w = weights.at("w" + std::to_string(l + 1));
      TensorValues theirs;
      for (const auto& row : out.at("weights")[t][l]) {
        for (const double v : row) theirs.push_back(v);
      }
      ASSERT_EQ(w.size(), theirs.size());
      for (std::size_t i = 0; i < w.size(); ++i) {
        ASSERT_NEAR(w[i], theirs[i], 1e-9) << "step " << t << " layer " << l << " weight " << i;
      }
    }
  }
}

}  // namespace
}  // namespace serdab::training
