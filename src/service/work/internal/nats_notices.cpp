#include "service/work/internal/nats_notices.h"

#include "engine/base/error.h"

namespace serdab::work::internal {
namespace {

constexpr auto kRetry = std::chrono::milliseconds(250);
constexpr std::int64_t kListenMilliseconds = 200;
constexpr std::size_t kMostCancelled = 4096;

}  // namespace

NatsNotices::NatsNotices(const NatsConnection& connection)
    : connection_(connection), thread_([this] { listen(); }) {}

NatsNotices::~NatsNotices() {
  stopping_ = true;
  thread_.join();
}

NatsNotices::Counts NatsNotices::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void NatsNotices::wait_beyond(const Counts& seen, std::chrono::milliseconds longest) const {
  std::unique_lock lock(mutex_);
  heard_.wait_for(lock, longest, [&] { return counts_ != seen; });
}

bool NatsNotices::is_cancelled(const std::string& job) const {
  const std::lock_guard lock(mutex_);
  return cancelled_.count(job) > 0;
}

void NatsNotices::listen() {
  Nats<natsSubscription> subscription;
  while (!stopping_) {
    try {
      if (!subscription) subscription = connection_.listen(kNoticeSubjects);
    } catch (const base::Error&) {
      std::this_thread::sleep_for(kRetry);
      continue;
    }
    natsMsg* raw = nullptr;
    natsSubscription_NextMsg(&raw, subscription.get(), kListenMilliseconds);
    const Nats<natsMsg> message(raw);
    if (message) hear(raw);
  }
}

void NatsNotices::hear(const natsMsg* message) {
  const std::string text(text_of(message));
  const std::lock_guard lock(mutex_);
  if (natsMsg_GetSubject(message) == kCancelSubject) {
    remember(text);
  } else {
    count(text);
    heard_.notify_all();
  }
}

void NatsNotices::count(const std::string& consumer) {
  for (unsigned p = 0; p < kPartitions; ++p) {
    for (std::size_t k = 0; k < kUrgency.size(); ++k) {
      counts_[p][k] += consumer == task_consumer(p, kUrgency[k]);
    }
  }
}

void NatsNotices::remember(const std::string& job) {
  if (!cancelled_.insert(job).second) return;
  cancelled_in_order_.push_back(job);
  if (cancelled_in_order_.size() <= kMostCancelled) return;
  cancelled_.erase(cancelled_in_order_.front());
  cancelled_in_order_.pop_front();
}

}  // namespace serdab::work::internal
