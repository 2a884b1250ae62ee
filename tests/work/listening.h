#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "service/work/queue.h"

namespace serdab {

/// Notes what a queue tells, and waits for it.
class Listening {
 public:
  struct Ended {
    work::Task task;
    work::Outcome outcome;
  };

  work::Listener listener() {
    return {[this](const work::Task& task, double share) {
              const std::lock_guard lock(mutex_);
              progress_.emplace_back(task.id(), share);
              changed_.notify_all();
            },
            [this](const work::Task& task, const work::Outcome& outcome) {
              std::unique_lock lock(mutex_);
              ended_.push_back({task, outcome});
              changed_.notify_all();
              changed_.wait(lock, [this] { return !held_; });
            }};
  }

  /// While held, whoever tells of an end does not come back.
  void hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }

  bool wait_until(const std::function<bool()>& condition, double seconds = 240) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::duration<double>(seconds), condition);
  }
  bool wait_for_ends(std::size_t count, double seconds = 240) {
    return wait_until([this, count] { return ended_.size() >= count; }, seconds);
  }
  bool wait_for_progress(double seconds = 240) {
    return wait_until([this] { return !progress_.empty(); }, seconds);
  }

  std::vector<Ended> ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Ended> ended_;
  std::vector<std::pair<std::string, double>> progress_;
  bool held_ = false;
};

}  // namespace serdab
