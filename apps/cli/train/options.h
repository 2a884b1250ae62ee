#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common.h"
#include "networks/datasets/tables/scaling.h"
#include "networks/training/plan.h"

namespace serdab::cli::train {

/// What 'train init' and 'train run' ask for in common; texts as they were typed.
struct TrainOptions {
  std::string data, label;
  std::string hidden = "7", activation = "0,0.5,0.25", loss = "mse";
  std::string packing = "auto", refresh = "client", scaling = "min-max";
  std::string momentum = "7/8", schedule = "0:1";
  std::uint64_t steps = 100;
  std::size_t batch = 0;
  double rate = 0.15, decay = 0, deviation = 0.3, precision = 20;
  double softmax_range = 6;
  unsigned softmax_degree = 1;
  bool class_weights = false;
  std::uint64_t seed = 1;
};
void add_train_options(CLI::App* verb, TrainOptions& options);

/// Sizes that the data give.
struct TaskShape {
  std::size_t features = 0, classes = 0;
  std::size_t samples = 0;  ///< of a step
  std::uint32_t batches = 1;
};
/// Throws base::Error(kInvalidArgument), naming the option, for texts that are not understood, and
/// kUnsupported for --refresh bootstrap.
training::Task make_task(const TrainOptions& options, const TaskShape& shape);

datasets::ScalingMethod scaling_method(const TrainOptions& options);
/// "3/4": {3, 2}. Throws base::Error(kInvalidArgument), naming `option`, unless the denominator is
/// a power of two.
training::Dyadic parse_dyadic(const std::string& text, const std::string& option);
std::string dyadic_text(const training::Dyadic& value);
/// Numbers between commas.
std::vector<double> parse_numbers(const std::string& text, const std::string& option);
/// "0:1,50:1/2".
std::vector<training::RateChange> parse_schedule(const std::string& text);

const char* packing_name(training::Packing packing);
const char* loss_name(training::Loss loss);

}  // namespace serdab::cli::train
