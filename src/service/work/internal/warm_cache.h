#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace serdab::work::internal {

/// What is dear to load and kept for the next task, by name, under a limit of weight. Whoever uses
/// a value shares it: what is in use is never dropped, so that the weight may lie above the limit
/// until it is let go. Thread safe.
template <typename T>
class WarmCache {
 public:
  struct Loaded {
    std::shared_ptr<const T> value;
    std::size_t weight = 0;
  };
  struct Got {
    std::shared_ptr<const T> value;
    bool was_warm = false;
  };
  struct Statistics {
    std::size_t entries = 0, weight = 0, hits = 0, misses = 0;
  };

  explicit WarmCache(std::size_t limit) : limit_(limit) {}

  /// Loads it unless it is there; others that ask for the same meanwhile wait for it. Room for
  /// `expected` is made first. Errors of `load` are passed on, and the next to ask tries anew.
  Got get(const std::string& name, std::size_t expected, const std::function<Loaded()>& load) {
    std::unique_lock lock(mutex_);
    while (true) {
      const auto [at, is_new] = entries_.try_emplace(name);
      if (is_new) break;
      if (at->second.value != nullptr) {
        ++hits_;
        at->second.used = ++clock_;
        return {at->second.value, true};
      }
      loaded_.wait(lock);
    }
    ++misses_;
    trim_to(limit_ > expected ? limit_ - expected : 0);
    lock.unlock();
    Loaded loaded;
    try {
      loaded = load();
    } catch (...) {
      lock.lock();
      entries_.erase(name);
      loaded_.notify_all();
      throw;
    }
    lock.lock();
    entries_[name] = {loaded.value, loaded.weight, ++clock_};
    weight_ += loaded.weight;
    trim_to(limit_);
    loaded_.notify_all();
    return {loaded.value, false};
  }

  /// Drops what is too much and no longer in use, longest unused first.
  void trim() {
    const std::lock_guard lock(mutex_);
    trim_to(limit_);
  }

  Statistics statistics() const {
    const std::lock_guard lock(mutex_);
    return {entries_.size(), weight_, hits_, misses_};
  }

 private:
  struct Entry {
    std::shared_ptr<const T> value;  ///< null while it is loaded
    std::size_t weight = 0;
    std::uint64_t used = 0;
  };

  // Copies are made under the mutex only: what nobody shares now stays unshared meanwhile.
  void trim_to(std::size_t limit) {
    while (weight_ > limit) {
      auto oldest = entries_.end();
      for (auto at = entries_.begin(); at != entries_.end(); ++at) {
        if (at->second.value.use_count() != 1) continue;
        if (oldest == entries_.end() || at->second.used < oldest->second.used) oldest = at;
      }
      if (oldest == entries_.end()) return;
      weight_ -= oldest->second.weight;
      entries_.erase(oldest);
    }
  }

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable loaded_;
  std::map<std::string, Entry> entries_;
  std::size_t weight_ = 0, hits_ = 0, misses_ = 0;
  std::uint64_t clock_ = 0;
};

}  // namespace serdab::work::internal
