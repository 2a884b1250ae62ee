#include <algorithm>
#include <random>
#include <string>

#include "engine/base/error.h"
#include "networks/training/plan.h"

namespace serdab::training {

Tensors initial_weights(const Task& task, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0, task.initial_deviation);
  Tensors weights;
  for (std::size_t l = 0; l < task.network.layers(); ++l) {
    TensorValues& w = weights["w" + std::to_string(l + 1)];
    w.resize(task.network.widths[l + 1] * (task.network.widths[l] + 1));
    for (double& v : w) v = normal(random);
    if (task.optimiser.momentum.numerator != 0) weights["v" + std::to_string(l + 1)] = w;
  }
  return weights;
}

Tensors batch_tensors(const Task& task, const std::vector<double>& features,
                      const std::vector<std::uint32_t>& labels,
                      const std::vector<double>& class_weights) {
  const std::size_t width = task.network.widths.front();
  const std::size_t classes = task.network.widths.back();
  const std::size_t rows = labels.size();
  if (rows != task.batch || features.size() != rows * width) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "a batch has " + std::to_string(rows) + " rows and " +
                   std::to_string(features.size()) + " numbers; the task takes " +
                   std::to_string(task.batch) + " rows of " + std::to_string(width));
  }
  Tensors tensors;
  TensorValues& x = tensors["x"];
  TensorValues y(rows * classes), factors(rows * classes, 1.0);
  for (std::size_t s = 0; s < rows; ++s) {
    const auto first = features.begin() + static_cast<std::ptrdiff_t>(s * width);
    x.insert(x.end(), first, first + static_cast<std::ptrdiff_t>(width));
    x.push_back(1);
    if (labels[s] >= classes) {
      base::fail(base::ErrorCode::kInvalidArgument, "row " + std::to_string(s) + " has class " +
                                                        std::to_string(labels[s]) + " of " +
                                                        std::to_string(classes));
    }
    const double factor = class_weights.empty() ? 1 : class_weights.at(labels[s]);
    y[s * classes + labels[s]] = factor;
    std::fill_n(factors.begin() + static_cast<std::ptrdiff_t>(s * classes), classes, factor);
  }
  tensors["y"] = std::move(y);
  if (task.network.weighted_samples) tensors["r"] = std::move(factors);
  return tensors;
}

namespace {

Dyadic factor_at(const Task& task, std::uint64_t step) {
  Dyadic factor{1, 0};
  for (const RateChange& change : task.schedule) {
    if (change.first <= step) factor = change.factor;
  }
  return factor;
}

}  // namespace

Tensors run_twin(const Task& task, const std::vector<Tensors>& batches, Tensors weights,
                 std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t t = first; t < last; ++t) {
    Optimiser optimiser = task.optimiser;
    optimiser.rate_factor = factor_at(task, t);
    Tensors given = batches.at(t % batches.size());
    given.merge(weights);
    weights = run_step(training_step(task.network, optimiser, task.batch), given, task.batch);
  }
  return weights;
}

}  // namespace serdab::training
