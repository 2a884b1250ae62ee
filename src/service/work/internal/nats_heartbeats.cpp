#include "service/work/internal/nats_heartbeats.h"

#include <chrono>

namespace serdab::work::internal {

NatsHeartbeats::NatsHeartbeats(const NatsConnection& connection)
    : connection_(connection), thread_([this] { beat(); }) {}

NatsHeartbeats::~NatsHeartbeats() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

void NatsHeartbeats::beat() {
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, std::chrono::duration<double>(kHeartbeatSeconds),
                          [this] { return stopping_; })) {
    for (const natsMsg* message : messages_) {
      connection_.reply(message, NatsConnection::Reply::kInProgress);
    }
  }
}

NatsHeartbeats::Beat::Beat(NatsHeartbeats& all, const natsMsg* message)
    : all_(all), message_(message) {
  const std::lock_guard lock(all_.mutex_);
  all_.messages_.insert(message_);
}

NatsHeartbeats::Beat::~Beat() {
  const std::lock_guard lock(all_.mutex_);
  all_.messages_.erase(message_);
}

}  // namespace serdab::work::internal
