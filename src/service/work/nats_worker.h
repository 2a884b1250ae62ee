#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "service/work/nats_options.h"
#include "service/work/runner.h"

namespace serdab::work {

/// What a worker says of itself; calls come from several threads.
struct WorkerEvents {
  std::function<void(bool connected)> connection;
  std::function<void(const Task&)> started;
  std::function<void(const Task&, const Outcome&)> ended;
  /// Given back for another worker: this one goes down.
  std::function<void(const Task&)> given_back;
};

struct NatsWorkerOptions {
  NatsOptions nats;
  std::size_t threads = 1;  ///< tasks at once; of two or more, one takes queries alone
  /// This worker is number `part` (from 1) of `parts`: it has every `parts`-th partition of the
  /// tenants for its own, and does tasks of others only while it has none itself and their own
  /// worker has left them lying for a quarter of a second.
  unsigned part = 1, parts = 1;
  std::function<bool()> stop;  ///< asked ten times a second
  WorkerEvents events;
};

/// Fetches tasks from a NATS server and does them until told to stop; then single queries are
/// finished, everything else keeps its state and is given back. Results are left with the server
/// before a task is acknowledged. A task whose worker falls silent for ten seconds is given to
/// another; one that was begun five times and never ended is reported as failed. Waits for a server
/// that is not there. Throws base::Error for options that cannot be.
void run_worker(Runner& runner, const NatsWorkerOptions& options);

}  // namespace serdab::work
