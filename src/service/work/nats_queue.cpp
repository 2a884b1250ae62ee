#include "service/work/nats_queue.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "engine/base/error.h"
#include "service/store/layout.h"
#include "service/work/internal/nats_streams.h"

namespace serdab::work {
namespace {

using internal::Nats;
using internal::NatsConnection;

constexpr auto kRetry = std::chrono::milliseconds(250);
constexpr double kListenSeconds = 0.25;
constexpr int kResultsAtOnce = 16;
constexpr std::int64_t kAgainMilliseconds = 1000;  ///< after a listener's failure

}  // namespace

struct NatsQueue::State {
  State(Listener tell, const NatsQueueOptions& options)
      : listener(std::move(tell)), most(options.most_pending), connection(options.nats) {
    results = std::thread([this] { read_results(); });
    progress = std::thread([this] { read_progress(); });
  }

  void read_results() {
    Nats<natsSubscription> subscription;
    while (!stopping) {
      try {
        if (!subscription) {
          internal::make_streams(connection, most);
          subscription = connection.pull(internal::kResultStream, internal::kResultConsumer,
                                         internal::kResultSubject);
          is_ready = true;
        }
        for (const auto& message :
             internal::fetch_soon(subscription.get(), kResultsAtOnce, kListenSeconds)) {
          take(message.get());
        }
      } catch (const base::Error&) {  // no connection, or a server that lost its streams
        is_ready = false;
        subscription.reset();
        std::this_thread::sleep_for(kRetry);
      }
    }
  }

  // Acknowledged once the listener has it.
  void take(natsMsg* message) {
    std::optional<internal::Result> result;
    try {
      result = internal::result_from_json(internal::text_of(message));
    } catch (const base::Error&) {
      natsMsg_Term(message, nullptr);
      return;
    }
    {
      const std::lock_guard lock(mutex);
      if (const auto at = pending.find(result->task.id()); at != pending.end()) pending.erase(at);
    }
    try {
      if (listener.ended) listener.ended(result->task, result->outcome);
    } catch (...) {
      natsMsg_NakWithDelay(message, kAgainMilliseconds, nullptr);
      return;
    }
    natsMsg_Ack(message, nullptr);
  }

  void read_progress() {
    Nats<natsSubscription> subscription;
    while (!stopping) {
      try {
        if (!subscription) subscription = connection.listen(internal::kProgressSubject);
      } catch (const base::Error&) {
        std::this_thread::sleep_for(kRetry);
        continue;
      }
      natsMsg* raw = nullptr;
      natsSubscription_NextMsg(&raw, subscription.get(),
                               static_cast<std::int64_t>(kListenSeconds * 1000));
      const Nats<natsMsg> message(raw);
      if (!message || !listener.progress) continue;
      try {
        const internal::Share share = internal::share_from_json(internal::text_of(raw));
        listener.progress(share.task, share.share);
      } catch (...) {  // the next one comes soon
      }
    }
  }

  const Listener listener;
  const std::size_t most;
  NatsConnection connection;
  mutable std::mutex mutex;
  std::multiset<std::string> pending;  ///< ids
  std::atomic<bool> stopping{false}, is_ready{false};
  std::thread results, progress;
};

NatsQueue::NatsQueue(Listener listener, const NatsQueueOptions& options)
    : state_(std::make_unique<State>(std::move(listener), options)) {}

NatsQueue::~NatsQueue() { shutdown(); }

void NatsQueue::submit(const Task& task) {
  check(task);
  if (!ready()) {
    base::fail(base::ErrorCode::kIo, "the work queue cannot be reached; try again later");
  }
  const std::string id = task.id();
  {
    // Before it is left: its end may come at once.
    const std::lock_guard lock(state_->mutex);
    state_->pending.insert(id);
  }
  const unsigned partition = internal::partition_of(task.tenant);
  try {
    // The message's own id serves its second trial only: the same task may be submitted again.
    state_->connection.store(internal::task_subject(partition, task.kind), to_json(task),
                             store::new_id());
  } catch (...) {
    const std::lock_guard lock(state_->mutex);
    if (const auto at = state_->pending.find(id); at != state_->pending.end()) {
      state_->pending.erase(at);
    }
    throw;
  }
  state_->connection.tell(internal::kWakeSubject, internal::task_consumer(partition, task.kind));
}

void NatsQueue::cancel(const std::string& job) {
  store::check_id(job);
  state_->connection.tell(internal::kCancelSubject, job);
  const std::lock_guard lock(state_->mutex);
  const std::string part = "-" + job + "-";
  for (auto at = state_->pending.begin(); at != state_->pending.end();) {
    at = at->find(part) != std::string::npos ? state_->pending.erase(at) : std::next(at);
  }
}

std::size_t NatsQueue::pending() const {
  const std::lock_guard lock(state_->mutex);
  return state_->pending.size();
}

bool NatsQueue::ready() const {
  return state_->is_ready && !state_->stopping && state_->connection.connected();
}

void NatsQueue::shutdown() {
  state_->stopping = true;
  for (std::thread* thread : {&state_->results, &state_->progress}) {
    if (thread->joinable()) thread->join();
  }
}

}  // namespace serdab::work
