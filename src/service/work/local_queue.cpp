#include "service/work/local_queue.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/base/error.h"
#include "service/work/internal/task_lines.h"

namespace serdab::work {
namespace {

/// A task under way.
struct Running {
  Task task;
  std::atomic<bool> cancelled{false};
};

}  // namespace

struct LocalQueue::State {
  State(Runner& with, Listener tell, const LocalQueueOptions& options)
      : runner(with), listener(std::move(tell)), most(options.most_pending) {
    const std::size_t count = std::max<std::size_t>(1, options.threads);
    for (std::size_t t = 0; t < count; ++t) {
      threads.emplace_back([this, only_infer = count > 1 && t == 0] { work(only_infer); });
    }
  }

  // A thread's life.
  void work(bool only_infer) {
    std::unique_lock lock(mutex);
    while (true) {
      arrived.wait(
          lock, [&] { return stopping || (only_infer ? lines.infer_size() : lines.size()) > 0; });
      if (stopping) return;
      Running& one = running.emplace_back();
      one.task = *lines.take(only_infer);
      lock.unlock();
      const Outcome outcome = run(one);
      const bool interrupted = outcome.ending == Ending::kCancelled && stopping && !one.cancelled;
      const Task task = one.task;
      lock.lock();
      running.remove_if([&](const Running& other) { return &other == &one; });
      lock.unlock();
      // Pending no more: whoever hears of the end may submit the task again.
      if (!interrupted) tell([&] { listener.ended(task, outcome); }, bool(listener.ended));
      lock.lock();
    }
  }

  Outcome run(const Running& one) {
    return runner.run(
        one.task,
        [&](double share) {
          tell([&] { listener.progress(one.task, share); }, bool(listener.progress));
        },
        [&] {
          return one.cancelled.load() || (stopping.load() && one.task.kind != TaskKind::kInfer);
        },
        [&] { return one.cancelled.load(); });
  }

  // A listener's own failure is its own: it must not end the thread.
  template <typename F>
  void tell(F&& call, bool wanted) noexcept {
    if (!wanted) return;
    try {
      call();
    } catch (...) {
    }
  }

  Runner& runner;
  const Listener listener;
  const std::size_t most;
  mutable std::mutex mutex;
  std::condition_variable arrived;
  internal::TaskLines lines;
  std::list<Running> running;
  std::atomic<bool> stopping{false};
  std::vector<std::thread> threads;
};

LocalQueue::LocalQueue(Runner& runner, Listener listener, const LocalQueueOptions& options)
    : state_(std::make_unique<State>(runner, std::move(listener), options)) {}

LocalQueue::~LocalQueue() { shutdown(); }

void LocalQueue::submit(const Task& task) {
  check(task);
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) base::fail(base::ErrorCode::kIo, "the server is going down");
    if (state_->lines.size() + state_->running.size() >= state_->most) {
      base::fail(base::ErrorCode::kLimit,
                 std::to_string(state_->most) + " tasks wait already; try again later");
    }
    state_->lines.add(task);
  }
  state_->arrived.notify_all();
}

void LocalQueue::cancel(const std::string& job) {
  const std::lock_guard lock(state_->mutex);
  state_->lines.remove(job);
  for (Running& one : state_->running) {
    if (one.task.job == job) one.cancelled = true;
  }
}

std::size_t LocalQueue::pending() const {
  const std::lock_guard lock(state_->mutex);
  return state_->lines.size() + state_->running.size();
}

bool LocalQueue::ready() const { return !state_->stopping; }

void LocalQueue::shutdown() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->lines.clear();
  }
  state_->arrived.notify_all();
  for (std::thread& thread : state_->threads) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace serdab::work
