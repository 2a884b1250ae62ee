#pragma once

#include <functional>
#include <vector>

#include "service/server/training.h"
#include "train/learning_data.h"
#include "train/session.h"

namespace serdab::cli::train {

/// One training under encryption, beside its twin in the clear.
struct FoldResult {
  /// After every step, of the encrypted weights and of the twin that runs alone: loss of the
  /// training rows, right share of the test rows (of the training rows if there are none).
  std::vector<double> loss, accuracy, twin_loss, twin_accuracy;
  std::size_t test_rows = 0, right = 0, twin_right = 0;  ///< at the end
  double max_error = 0;  ///< of any weight after any step, from the weights decrypted before it
  double drift = 0;      ///< at the end, from the twin that runs alone
  std::vector<double> step_seconds, refresh_seconds;
  program::OperationCounts operations;  ///< of a step
  std::size_t peak_ciphertext_bytes = 0;
};

/// After a step: steps done, and the loss.
using StepDone = std::function<void(std::uint64_t, double)>;

/// Client and server take turns; all that passes between them are files' bytes. Throws
/// base::Error(kInterrupted) on a signal.
FoldResult run_fold(const Session& session, const server::StepModel& server_model,
                    const server::StepKeys& server_keys, const LearningData& data,
                    std::uint64_t seed, const StepDone& step_done);

}  // namespace serdab::cli::train
