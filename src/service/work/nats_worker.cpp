#include "service/work/nats_worker.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "engine/base/error.h"
#include "service/store/layout.h"
#include "service/work/internal/nats_heartbeats.h"
#include "service/work/internal/nats_notices.h"
#include "service/work/internal/nats_source.h"
#include "service/work/internal/nats_streams.h"

namespace serdab::work {
namespace {

using internal::Nats;
using internal::NatsConnection;
using internal::NatsSource;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kMostTrials = 5;
constexpr auto kRetry = std::chrono::milliseconds(250);
constexpr auto kLook = std::chrono::milliseconds(100);
constexpr auto kBetweenShares = std::chrono::milliseconds(250);
constexpr int kTrialsGoingDown = 8;

void check(const NatsWorkerOptions& options) {
  if (options.parts >= 1 && options.parts <= internal::kPartitions && options.part >= 1 &&
      options.part <= options.parts) {
    return;
  }
  base::fail(base::ErrorCode::kInvalidArgument,
             "partition " + std::to_string(options.part) + "/" + std::to_string(options.parts) +
                 ": is not one of 1 to " + std::to_string(internal::kPartitions) + " parts");
}

class Worker {
 public:
  Worker(Runner& runner, const NatsWorkerOptions& options)
      : runner_(runner),
        options_(options),
        connection_(options.nats),
        notices_(connection_),
        heartbeats_(connection_),
        watch_([this] { watch(); }) {}

  void run() {
    const std::size_t count = std::max<std::size_t>(1, options_.threads);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < count; ++t) {
      threads.emplace_back([this, only_infer = count > 1 && t == 0] { work(only_infer); });
    }
    for (std::thread& thread : threads) thread.join();
    watch_.join();
    connection_.flush();
  }

 private:
  // Looks whether it is time to go, and whether the server is there.
  void watch() {
    bool was_connected = false;
    while (!stopping_) {
      if (options_.stop && options_.stop()) stopping_ = true;
      const bool is_connected = connection_.connected();
      if (is_connected != was_connected && options_.events.connection) {
        options_.events.connection(is_connected);
      }
      was_connected = is_connected;
      std::this_thread::sleep_for(kLook);
    }
  }

  void work(bool only_infer) {
    NatsSource source(connection_, notices_, {options_.part, options_.parts, only_infer});
    while (!stopping_) {
      try {
        if (const auto message = source.take()) {
          handle(message.get());
        } else {
          source.wait();
        }
      } catch (const base::Error&) {  // no connection, or no streams yet
        std::this_thread::sleep_for(kRetry);
      }
    }
  }

  void handle(const natsMsg* message) {
    Task task;
    try {
      task = task_from_json(std::string(internal::text_of(message)));
    } catch (const base::Error&) {
      connection_.reply(message, NatsConnection::Reply::kNever);  // from nobody who could be told
      return;
    }
    if (options_.events.started) options_.events.started(task);
    bool has_ended = false;
    {
      const internal::NatsHeartbeats::Beat beat(heartbeats_, message);
      const Outcome outcome =
          internal::deliveries(message) > kMostTrials ? never_ended() : run(task);
      const bool interrupted =
          outcome.ending == Ending::kCancelled && stopping_ && !notices_.is_cancelled(task.job);
      has_ended = !interrupted && leave_result(task, outcome);
      if (has_ended && options_.events.ended) options_.events.ended(task, outcome);
    }
    if (has_ended) {
      connection_.reply(message, NatsConnection::Reply::kDone);
    } else {
      give_back(task, message);
    }
  }

  Outcome run(const Task& task) {
    auto told = Clock::now();
    const auto progress = [&](double share) {
      if (Clock::now() - told < kBetweenShares) return;
      told = Clock::now();
      connection_.tell(internal::kProgressSubject, to_json(internal::Share{task, share}));
    };
    const auto stop = [&] {
      return notices_.is_cancelled(task.job) || (stopping_ && task.kind != TaskKind::kInfer);
    };
    return runner_.run(task, progress, stop, [&] { return notices_.is_cancelled(task.job); });
  }

  static Outcome never_ended() {
    Outcome outcome;
    outcome.ending = Ending::kFailed;
    outcome.code = base::ErrorCode::kIo;
    outcome.error = "begun " + std::to_string(kMostTrials) +
                    " times and never finished: the servers that tried went down";
    return outcome;
  }

  // Tries until the server has it: the task is done, and goes to nobody else meanwhile.
  bool leave_result(const Task& task, const Outcome& outcome) {
    const std::string text = to_json(internal::Result{task, outcome}), id = store::new_id();
    for (int trials_going_down = 0; trials_going_down < kTrialsGoingDown;) {
      try {
        connection_.store(internal::kResultSubject, text, id);
        return true;
      } catch (const base::Error&) {
        trials_going_down += stopping_;
        std::this_thread::sleep_for(kRetry);
      }
    }
    return false;
  }

  void give_back(const Task& task, const natsMsg* message) {
    internal::give_back(connection_, message,
                        internal::task_consumer(internal::partition_of(task.tenant), task.kind));
    if (options_.events.given_back) options_.events.given_back(task);
  }

  Runner& runner_;
  const NatsWorkerOptions& options_;
  NatsConnection connection_;
  internal::NatsNotices notices_;
  internal::NatsHeartbeats heartbeats_;
  std::atomic<bool> stopping_{false};
  std::thread watch_;
};

}  // namespace

void run_worker(Runner& runner, const NatsWorkerOptions& options) {
  check(options);
  Worker(runner, options).run();
}

}  // namespace serdab::work
