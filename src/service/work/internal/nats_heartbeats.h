#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "service/work/internal/nats_streams.h"

namespace serdab::work::internal {

/// Says of messages under way that they are, on a thread of its own, so that they are not given to
/// another worker. Thread safe.
class NatsHeartbeats {
 public:
  /// The connection must outlive it.
  explicit NatsHeartbeats(const NatsConnection& connection);
  ~NatsHeartbeats();
  NatsHeartbeats(const NatsHeartbeats&) = delete;
  NatsHeartbeats& operator=(const NatsHeartbeats&) = delete;

  /// While it lives, the message is under way.
  class Beat {
   public:
    Beat(NatsHeartbeats& all, const natsMsg* message);
    ~Beat();
    Beat(const Beat&) = delete;
    Beat& operator=(const Beat&) = delete;

   private:
    NatsHeartbeats& all_;
    const natsMsg* message_;
  };

 private:
  void beat();

  const NatsConnection& connection_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::set<const natsMsg*> messages_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace serdab::work::internal
