#pragma once

#include <memory>
#include <optional>

#include "service/server/job.h"
#include "service/server/training_folder.h"
#include "service/store/layout.h"
#include "service/work/internal/warm_cache.h"
#include "service/work/runner.h"
#include "service/work/task.h"

namespace serdab::work::internal {

/// Keys with what they were expanded for: of a model, or of a training run.
struct WarmKeys {
  std::shared_ptr<const server::Model> model;
  std::optional<server::LoadedKeys> loaded;
  std::shared_ptr<const server::StepTools> tools;
};

/// The models and keys that tasks name, loaded from a data folder and kept under a runner's limits.
/// Keys count by the memory of their polynomials. Every call looks whether the file is still there
/// and the same: what was taken away serves no longer. base::Error says what is wrong, kIo when
/// that is the server's own fault. Thread safe.
class WarmTools {
 public:
  using Model = WarmCache<server::Model>::Got;
  using Keys = WarmCache<WarmKeys>::Got;

  WarmTools(const store::Layout& layout, const RunnerLimits& limits);

  Model model(const Task& task);
  Keys keys(const Task& task, const std::shared_ptr<const server::Model>& model);
  Keys step_tools(const Task& task);

  /// After use: drops what the limits do not allow.
  void trim();
  /// But for the tasks.
  RunnerStatistics statistics() const;

 private:
  const store::Layout layout_;
  const RunnerLimits limits_;
  WarmCache<server::Model> models_;
  WarmCache<WarmKeys> keys_;
};

}  // namespace serdab::work::internal
