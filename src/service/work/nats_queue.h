#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "service/work/nats_options.h"
#include "service/work/queue.h"

namespace serdab::work {

struct NatsQueueOptions {
  NatsOptions nats;
  std::size_t most_pending = 10'000;  ///< of all tenants, on the server
};

/// Leaves tasks with a NATS server, where workers (nats_worker.h) fetch them. Tasks and results lie
/// in streams on the server's disk: they outlive this process, and `ended` comes for tasks of an
/// earlier one. A task that was left though submit() failed may still be done. Until the server is
/// reached, submit() refuses; the connection comes back by itself. One process listens at a time.
class NatsQueue : public Queue {
 public:
  /// Returns at once, whether the server is reached or not.
  NatsQueue(Listener listener, const NatsQueueOptions& options);
  /// As shutdown().
  ~NatsQueue() override;

  void submit(const Task& task) override;
  /// Workers that run a task of the job stop; those that wait end when a worker finds the job's
  /// folder gone or has heard this.
  void cancel(const std::string& job) override;
  /// Of this process: what it submitted and has not seen ending.
  std::size_t pending() const override;
  bool ready() const override;
  /// Listens no more. Tasks go on; their results wait for the next process.
  void shutdown() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace serdab::work
