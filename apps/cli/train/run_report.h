#pragma once

#include <string>
#include <vector>

#include "networks/datasets/picture/curves.h"
#include "train/fold_run.h"

namespace serdab::cli::train {

/// What a cross-validation of encrypted training came to.
struct RunSummary {
  std::size_t folds = 0, seeds = 0;
  double accuracy = 0, accuracy_deviation = 0, twin_accuracy = 0;
  std::size_t largest_fold_difference = 0;  ///< rows labelled right, encrypted against twin
  double max_error = 0, drift = 0;
  double seconds_per_step = 0, min_seconds_per_step = 0, refresh_seconds = 0;
  std::size_t peak_ciphertext_bytes = 0;
  program::OperationCounts operations;
};
RunSummary summarise(const std::vector<FoldResult>& results, std::size_t folds, std::size_t seeds);

/// For people, and as a JSON object that holds the plan's fields too.
std::string run_text(const RunSummary& summary, const Session& session);
std::string run_json(const RunSummary& summary, const std::vector<FoldResult>& results,
                     const Session& session, const PlanBytes& bytes, const Globals& globals);

/// Means over the runs, step by step: loss, and accuracy.
datasets::Chart loss_chart(const std::vector<FoldResult>& results, const std::string& task);
datasets::Chart accuracy_chart(const std::vector<FoldResult>& results, const std::string& task);

}  // namespace serdab::cli::train
