#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "service/work/queue.h"
#include "service/work/runner.h"

namespace serdab::cli {

/// How a process does tasks, or leaves them to others.
struct WorkerOptions {
  std::size_t jobs = 0;         ///< tasks at once; 0: a thread each
  double key_gigabytes = 4;     ///< expanded evaluation keys in memory
  double weight_gigabytes = 0;  ///< 0: half of the machine's memory
  double checkpoint_seconds = 30;

  void add_options(CLI::App* verb);
  work::RunnerLimits limits() const;
  /// Of the embedded worker.
  std::unique_ptr<work::Runner> embedded_runner(const store::Layout& layout) const;
  std::unique_ptr<work::Queue> make_queue(work::Runner* runner, std::size_t pending,
                                          work::Listener listener) const;
};

}  // namespace serdab::cli
