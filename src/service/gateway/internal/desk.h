#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "service/gateway/internal/metrics.h"
#include "service/store/store.h"
#include "service/work/queue.h"

namespace serdab::gateway {

/// Between what clients ask for and the queue: who waits for which task, which chunks and steps are
/// under way, what came of them. The store is the memory; what is held here can be lost. What
/// failed because the disk is full is submitted again after a while. Thread safe.
class Desk {
 public:
  /// Of a chunk, or of a training run's step.
  struct Progress {
    double share = 0;
    std::string trouble;  ///< why its last trial failed, while it waits for the next
  };

  Desk(store::Store& store, Metrics& metrics) : store_(store), metrics_(metrics) {}

  work::Listener listener();
  /// To be called once the queue is made around the listener; what it tells before is heard, too.
  void use(work::Queue& queue) { queue_ = &queue; }

  /// Submits and waits. `gone`: asked now and then, whether nobody wants the answer any more.
  /// Throws Failure 429 when the queue is full, 503 when it cannot be reached, 504 after `seconds`.
  work::Outcome infer(const work::Task& task, double seconds, const std::function<bool()>& gone);

  /// Submits what the store says is to be done of a job and is not under way; what does not fit the
  /// queue is left for later. Called when a job changes, at the beginning and every second.
  void feed(const store::JobRecord& job);
  void feed_all();
  void cancel(const std::string& job);

  /// The number of changes of a job seen so far; waits until it differs from `seen`, or for so
  /// long.
  std::uint64_t wait_for_change(const std::string& job, std::uint64_t seen, double seconds);
  /// Of what is under way, by chunk; of a training run by 0.
  std::map<std::uint32_t, Progress> progress(const std::string& job) const;

  std::size_t pending() const { return queue_.load()->pending(); }
  bool ready() const { return queue_.load()->ready(); }
  /// Seconds until a place may be free, guessed from what has been computed lately.
  double patience() const;

 private:
  struct Waiter {
    std::optional<work::Outcome> outcome;
  };
  struct UnderWay {
    std::string job;
    std::uint32_t chunk = 0;
    Progress progress{};
    std::optional<std::chrono::steady_clock::time_point> put_off_until{};
  };

  void ended(const work::Task& task, const work::Outcome& outcome);
  void chunk_ended(const work::Task& task, const work::Outcome& outcome);
  void step_ended(const work::Task& task, const work::Outcome& outcome);
  bool begin(const work::Task& task);
  void put_off(const work::Task& task, const std::string& trouble);
  void forget(const std::string& task_id);
  void changed(const std::string& job);
  void feed_chunks(const store::JobRecord& job);
  void feed_step(const store::JobRecord& job);

  store::Store& store_;
  Metrics& metrics_;
  std::atomic<work::Queue*> queue_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Waiter> waiters_;         ///< by task id
  std::map<std::string, UnderWay> under_way_;     ///< by task id
  std::map<std::string, std::uint64_t> changes_;  ///< by job
  double lately_ = 0.1;                           ///< seconds of a task, smoothed
};

}  // namespace serdab::gateway
