#include "train/learning_data.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/error.h"
#include "networks/datasets/tables/folds.h"

namespace serdab::cli::train {

TaskShape shape_batches(const TrainOptions& options, std::size_t rows) {
  constexpr std::size_t kPasses = 4;
  if (options.batch > rows) {
    base::fail(base::ErrorCode::kInvalidArgument,
               fmt::format("--batch {}: {} has only {} rows to train on", options.batch,
                           options.data, rows));
  }
  TaskShape shape;
  shape.samples = options.batch == 0 ? rows : options.batch;
  const std::size_t a_pass = rows / shape.samples;
  const bool whole = options.batch == 0 || rows % shape.samples == 0;
  shape.batches = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(options.steps, whole ? a_pass : kPasses * a_pass));
  return shape;
}

std::vector<std::size_t> varying_columns(const datasets::Table& table,
                                         std::span<const std::size_t> rows) {
  std::vector<std::size_t> columns;
  const auto scaling = datasets::fit_scaling(table, rows, datasets::ScalingMethod::kMinMax);
  for (const auto& column : scaling.columns) columns.push_back(column.column);
  return columns;
}

ScaledSet scale_set(const datasets::Scaling& scaling, const std::vector<std::size_t>& inputs,
                    const datasets::Table& table, std::span<const std::size_t> rows) {
  ScaledSet set;
  const auto scaled = datasets::scale_rows(scaling, table, rows);
  set.clamped = scaled.clamped;
  set.features.assign(rows.size() * inputs.size(), 0.0);
  for (std::size_t k = 0; k < scaling.width(); ++k) {
    const auto at = std::find(inputs.begin(), inputs.end(), scaling.columns[k].column);
    if (at == inputs.end()) continue;
    const auto input = static_cast<std::size_t>(at - inputs.begin());
    for (std::size_t r = 0; r < rows.size(); ++r) {
      set.features[r * inputs.size() + input] = scaled.values[r * scaling.width() + k];
    }
  }
  for (const std::size_t row : rows) {
    set.labels.push_back(static_cast<std::uint32_t>(table.labels[row]));
  }
  return set;
}

LearningData prepare(const datasets::Table& table, std::span<const std::size_t> training,
                     std::span<const std::size_t> test, std::vector<std::size_t> inputs,
                     const TrainOptions& options, const TaskShape& shape, std::uint64_t seed) {
  LearningData data;
  data.scaling = datasets::fit_scaling(table, training, scaling_method(options));
  data.inputs = std::move(inputs);
  data.training = scale_set(data.scaling, data.inputs, table, training);
  data.test = scale_set(data.scaling, data.inputs, table, test);
  data.batches = datasets::mini_batches(training.size(), shape.samples, shape.batches, seed);
  if (options.class_weights) {
    const std::vector<int> labels(data.training.labels.begin(), data.training.labels.end());
    data.class_weights = datasets::class_weights(labels, table.classes.size());
  }
  return data;
}

training::Tensors batch_of(const training::Task& task, const LearningData& data,
                           std::size_t batch) {
  const std::size_t width = data.inputs.size();
  std::vector<double> features;
  std::vector<std::uint32_t> labels;
  for (const std::size_t row : data.batches.at(batch)) {
    const auto first = data.training.features.begin() + static_cast<std::ptrdiff_t>(row * width);
    features.insert(features.end(), first, first + static_cast<std::ptrdiff_t>(width));
    labels.push_back(data.training.labels[row]);
  }
  return training::batch_tensors(task, features, labels, data.class_weights);
}

namespace {

training::Tensors named_w(const training::Task& task, const training::Tensors& weights) {
  training::Tensors named;
  for (std::size_t l = 1; l <= task.network.layers(); ++l) {
    const std::string number = std::to_string(l);
    const auto at = weights.find("w" + number);
    named["w" + number] = at != weights.end() ? at->second : weights.at("v" + number);
  }
  return named;
}

}  // namespace

Score score(const training::Task& task, const training::Tensors& weights, const ScaledSet& rows) {
  Score result;
  if (rows.rows() == 0) return result;
  training::Task plain = task;
  plain.batch = rows.rows();
  plain.network.weighted_samples = false;
  const training::Tensors tensors = training::batch_tensors(plain, rows.features, rows.labels, {});
  const auto outputs =
      training::predict(plain.network, named_w(task, weights), tensors.at("x"), rows.rows());
  result.loss = training::loss(plain.network, outputs, tensors.at("y"), rows.rows());
  const std::size_t classes = plain.network.widths.back();
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    const auto first = outputs.begin() + static_cast<std::ptrdiff_t>(r * classes);
    const auto largest = std::max_element(first, first + static_cast<std::ptrdiff_t>(classes));
    result.right += static_cast<std::size_t>(largest - first) == rows.labels[r];
  }
  result.accuracy = static_cast<double>(result.right) / static_cast<double>(rows.rows());
  return result;
}

}  // namespace serdab::cli::train
