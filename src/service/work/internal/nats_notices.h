#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "service/work/internal/nats_streams.h"

namespace serdab::work::internal {

/// Hears, on a thread of its own, where tasks were left and which jobs shall end. Thread safe.
class NatsNotices {
 public:
  /// The connection must outlive it.
  explicit NatsNotices(const NatsConnection& connection);
  ~NatsNotices();
  NatsNotices(const NatsNotices&) = delete;
  NatsNotices& operator=(const NatsNotices&) = delete;

  /// How often a task was left, by partition and urgency.
  using Counts = std::array<std::array<std::uint64_t, kUrgency.size()>, kPartitions>;
  Counts counts() const;
  /// Until there is more than `seen`, or for so long.
  void wait_beyond(const Counts& seen, std::chrono::milliseconds longest) const;

  bool is_cancelled(const std::string& job) const;

 private:
  void listen();
  void hear(const natsMsg* message);
  void count(const std::string& consumer);
  void remember(const std::string& job);

  const NatsConnection& connection_;
  mutable std::mutex mutex_;
  mutable std::condition_variable heard_;
  Counts counts_{};
  std::set<std::string> cancelled_;
  std::deque<std::string> cancelled_in_order_;  ///< the oldest are forgotten
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace serdab::work::internal
