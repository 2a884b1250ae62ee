#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "service/work/task.h"

namespace serdab::work {

/// What a queue tells the gateway; calls come from the queue's own threads, and after shutdown()
/// none. `ended` may come more than once for a task, and for tasks that an earlier process
/// submitted.
struct Listener {
  std::function<void(const Task&, double share)> progress;
  std::function<void(const Task&, const Outcome&)> ended;
};

/// Where the gateway leaves work: threads of its own process, or workers beyond it. Thread safe.
class Queue {
 public:
  virtual ~Queue() = default;
  /// Throws base::Error(kLimit) when `most` tasks wait already, base::Error(kIo) when the queue
  /// cannot be reached.
  virtual void submit(const Task& task) = 0;
  /// Of a job, queued or under way: they end as cancelled, or not at all.
  virtual void cancel(const std::string& job) = 0;
  /// Tasks that wait or run, as far as this process knows.
  virtual std::size_t pending() const = 0;
  /// Whether work can be left now.
  virtual bool ready() const = 0;
  /// Starts nothing new; tasks of kInfer are finished, others stop at their next wave and keep
  /// their checkpoint. Returns when all threads have ended.
  virtual void shutdown() = 0;
};

}  // namespace serdab::work
