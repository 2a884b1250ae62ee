#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "service/store/layout.h"
#include "service/work/task.h"

namespace serdab::work {

/// What a runner keeps in memory.
struct RunnerLimits {
  std::size_t key_bytes = std::size_t{4} << 30;     ///< expanded evaluation keys, least used go
  std::size_t weight_bytes = std::size_t{4} << 30;  ///< encoded weights, of each model
  std::size_t models = 16;                          ///< loaded, least used go
  double checkpoint_seconds = 30;
};

/// What it has done, for the metrics.
struct RunnerStatistics {
  std::size_t models_loaded = 0, keys_loaded = 0, key_bytes = 0;  ///< in memory now
  std::size_t key_hits = 0, key_misses = 0, tasks = 0;            ///< since it was made
};

/// Does tasks on the files of a data folder: loads models and keys (read from a memory map) and
/// keeps them warm under its limits. Several threads may run tasks at once.
class Runner {
 public:
  Runner(store::Layout layout, const RunnerLimits& limits, std::string name);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Errors of the task itself come as its outcome. A task whose folder is gone was cancelled; so
  /// is one for which `stop` turned true. The answer's file is written whole or not at all, and a
  /// task whose answer is there already is done.
  /// `cancelled`, if given, says whether nobody will go on with a stopped task: then it leaves no
  /// state in its folder, which may be going.
  Outcome run(const Task& task, const std::function<void(double)>& progress,
              const std::function<bool()>& stop, const std::function<bool()>& cancelled = {});

  RunnerStatistics statistics() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace serdab::work
