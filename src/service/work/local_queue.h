#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "service/work/queue.h"
#include "service/work/runner.h"

namespace serdab::work {

struct LocalQueueOptions {
  std::size_t threads = 1;         ///< tasks under way at once
  std::size_t most_pending = 256;  ///< that wait or run
};

/// Does tasks on threads of its own. Tenants take turns; of one tenant queries that somebody waits
/// for come before steps, steps before chunks. With two threads or more one takes such queries
/// only, so that none waits behind a batch. Nothing outlives the process: what was pending is
/// submitted anew.
class LocalQueue : public Queue {
 public:
  /// The runner must outlive it.
  LocalQueue(Runner& runner, Listener listener, const LocalQueueOptions& options);
  /// As shutdown().
  ~LocalQueue() override;

  void submit(const Task& task) override;
  void cancel(const std::string& job) override;
  std::size_t pending() const override;
  bool ready() const override;
  void shutdown() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace serdab::work
