#include "train/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/base/cpu_features.h"
#include "engine/kernels/kernels.h"

namespace serdab::cli::train {
namespace {

double share(std::size_t right, std::size_t rows) {
  return rows == 0 ? 0 : static_cast<double>(right) / static_cast<double>(rows);
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double deviation(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double middle = mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - middle) * (value - middle);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

void append(std::vector<double>& to, const std::vector<double>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

double error_bits(double error) { return error > 0 ? -std::log2(error) : 0; }

nlohmann::json operations_json(const program::OperationCounts& counts) {
  return {{"rotations", counts.rotations()},
          {"full_rotations", counts.full_rotations},
          {"lazy_rotations", counts.lazy_rotations},
          {"hoisted_rotations", counts.hoisted_rotations},
          {"relinearisations", counts.relinearisations},
          {"plaintext_products", counts.plaintext_products},
          {"ciphertext_products", counts.ciphertext_products},
          {"rescales", counts.rescales}};
}

}  // namespace

RunSummary summarise(const std::vector<FoldResult>& results, std::size_t folds, std::size_t seeds) {
  RunSummary summary;
  summary.folds = folds;
  summary.seeds = seeds;
  std::vector<double> accuracies, twin_accuracies, steps, refreshes;
  for (const FoldResult& r : results) {
    accuracies.push_back(share(r.right, r.test_rows));
    twin_accuracies.push_back(share(r.twin_right, r.test_rows));
    summary.largest_fold_difference =
        std::max(summary.largest_fold_difference,
                 std::max(r.right, r.twin_right) - std::min(r.right, r.twin_right));
    summary.max_error = std::max(summary.max_error, r.max_error);
    summary.drift = std::max(summary.drift, r.drift);
    summary.peak_ciphertext_bytes =
        std::max(summary.peak_ciphertext_bytes, r.peak_ciphertext_bytes);
    summary.operations = r.operations;
    append(steps, r.step_seconds);
    append(refreshes, r.refresh_seconds);
  }
  summary.accuracy = mean(accuracies);
  summary.accuracy_deviation = deviation(accuracies);
  summary.twin_accuracy = mean(twin_accuracies);
  summary.seconds_per_step = mean(steps);
  summary.min_seconds_per_step = steps.empty() ? 0 : *std::min_element(steps.begin(), steps.end());
  summary.refresh_seconds = mean(refreshes);
  return summary;
}

std::string run_text(const RunSummary& summary, const Session& session) {
  return fmt::format(
      "accuracy       {:.2f} % +- {:.2f} % over {} run(s) ({} folds, {} seeds) of {} steps\n"
      "in the clear   {:.2f} %; at most {} row(s) of a fold labelled otherwise\n"
      "weights        right to {:.1f} bits after every step; at the end {:.1f} bits from a run "
      "in the clear\n"
      "server         {:.1f} ms a step (fastest {:.1f}; planned {:.1f} on one thread), {}\n"
      "refresh        {:.1f} ms each, client and server together\n"
      "memory         peak {} of this process, client and server together\n",
      summary.accuracy * 100, summary.accuracy_deviation * 100, summary.folds * summary.seeds,
      summary.folds, summary.seeds, session.task.steps, summary.twin_accuracy * 100,
      summary.largest_fold_difference, error_bits(summary.max_error), error_bits(summary.drift),
      summary.seconds_per_step * 1e3, summary.min_seconds_per_step * 1e3,
      session.plan.seconds * 1e3, base::cpu_name(), summary.refresh_seconds * 1e3,
      size_text(static_cast<double>(peak_resident_bytes())));
}

std::string run_json(const RunSummary& summary, const std::vector<FoldResult>& results,
                     const Session& session, const PlanBytes& bytes, const Globals& globals) {
  nlohmann::json json = nlohmann::json::parse(plan_json(session.task, session.plan, bytes));
  nlohmann::json right = nlohmann::json::array(), twin_right = nlohmann::json::array(),
                 rows = nlohmann::json::array();
  for (const FoldResult& r : results) {
    right.push_back(r.right);
    twin_right.push_back(r.twin_right);
    rows.push_back(r.test_rows);
  }
  json.update({{"folds", summary.folds},
               {"seeds", summary.seeds},
               {"accuracy", summary.accuracy},
               {"accuracy_deviation", summary.accuracy_deviation},
               {"twin_accuracy", summary.twin_accuracy},
               {"fold_right", right},
               {"fold_twin_right", twin_right},
               {"fold_rows", rows},
               {"largest_fold_difference", summary.largest_fold_difference},
               {"max_weight_error", summary.max_error},
               {"max_weight_error_bits", error_bits(summary.max_error)},
               {"precision_bits", error_bits(summary.max_error)},
               {"drift", summary.drift},
               {"seconds_per_step", summary.seconds_per_step},
               {"min_seconds_per_step", summary.min_seconds_per_step},
               {"refresh_seconds", summary.refresh_seconds},
               {"operations", operations_json(summary.operations)},
               {"peak_bytes", peak_resident_bytes()},
               {"peak_ciphertext_bytes", summary.peak_ciphertext_bytes},
               {"threads", thread_count(globals)},
               {"kernels", kernels::kernels().name},
               {"cpu", base::cpu_name()}});
  return json.dump(2);
}

namespace {

datasets::Series mean_series(const std::vector<FoldResult>& results, const std::string& name,
                             std::vector<double> FoldResult::*values) {
  datasets::Series series{name, {}};
  const std::size_t steps = (results.front().*values).size();
  for (std::size_t t = 0; t < steps; ++t) {
    double sum = 0;
    for (const FoldResult& r : results) sum += (r.*values)[t];
    series.points.push_back(
        {static_cast<double>(t + 1), sum / static_cast<double>(results.size())});
  }
  return series;
}

}  // namespace

datasets::Chart loss_chart(const std::vector<FoldResult>& results, const std::string& task) {
  return {task + ": loss of the training rows",
          "step",
          "loss",
          {mean_series(results, "encrypted", &FoldResult::loss),
           mean_series(results, "in the clear", &FoldResult::twin_loss)}};
}

datasets::Chart accuracy_chart(const std::vector<FoldResult>& results, const std::string& task) {
  return {task + ": accuracy on the test rows",
          "step",
          "accuracy",
          {mean_series(results, "encrypted", &FoldResult::accuracy),
           mean_series(results, "in the clear", &FoldResult::twin_accuracy)}};
}

}  // namespace serdab::cli::train
