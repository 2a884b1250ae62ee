#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "common.h"
#include "engine/base/error.h"
#include "service/work/nats_worker.h"
#include "worker_flags.h"

namespace serdab::cli {
namespace {

struct WorkerOptions {
  std::string data, partition = "1/1";
  work::NatsWorkerOptions worker;
  NatsFlags nats;
  RunnerFlags runner;
};

std::string host_and_process() {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  return fmt::format("{}-{}", host, ::getpid());
}

void read_partition(const std::string& text, work::NatsWorkerOptions& worker) {
  char rest = 0;
  if (std::sscanf(text.c_str(), "%u/%u%c", &worker.part, &worker.parts, &rest) == 2) return;
  base::fail(base::ErrorCode::kInvalidArgument,
             "--partition: '" + text + "' is not PART/PARTS as in 1/2");
}

std::string text_of(const work::Task& task) {
  return task.kind == work::TaskKind::kStep
             ? fmt::format("{}: step {} of {}", task.tenant, task.step + 1, task.job)
             : fmt::format("{}: {} {} of {}", task.tenant,
                           task.kind == work::TaskKind::kInfer ? "query" : "chunk", task.chunk,
                           task.job);
}

/// Lines on standard error; as JSON if that was asked for.
class Log {
 public:
  explicit Log(const Globals& globals) : globals_(globals) {}

  void line(const std::string& text, nlohmann::json fields = nlohmann::json::object()) {
    if (globals_.quiet) return;
    fields["event"] = text;
    const std::lock_guard lock(mutex_);
    fmt::print(stderr, "{}\n",
               globals_.json ? fields.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                             : "serdab worker: " + text);
    std::fflush(stderr);
  }

  void ended(const work::Task& task, const work::Outcome& outcome) {
    std::string how = "cancelled";
    if (outcome.ending == work::Ending::kDone) {
      how = fmt::format("done in {:.2f} s{}", outcome.seconds,
                        outcome.load_seconds > 0
                            ? fmt::format(" after {:.2f} s to load", outcome.load_seconds)
                            : "");
    } else if (outcome.ending == work::Ending::kFailed) {
      how = "failed: " + outcome.error;
    }
    line(text_of(task) + " " + how, {{"task", nlohmann::json::parse(work::to_json(task))},
                                     {"outcome", nlohmann::json::parse(work::to_json(outcome))}});
  }

 private:
  const Globals& globals_;
  std::mutex mutex_;
};

void run(const WorkerOptions& options, const Globals& globals) {
  if (!std::filesystem::is_directory(options.data)) {
    base::fail(base::ErrorCode::kIo, options.data + ": is not a folder; --data is the gateway's");
  }
  Log log(globals);
  work::NatsWorkerOptions worker = options.worker;
  worker.nats = options.nats.options(host_and_process());
  read_partition(options.partition, worker);
  worker.stop = interrupted;
  worker.events.connection = [&](bool connected) {
    log.line(connected ? "connected to the work queue" : "lost the work queue; trying again");
  };
  worker.events.ended = [&](const work::Task& task, const work::Outcome& outcome) {
    log.ended(task, outcome);
  };
  worker.events.given_back = [&](const work::Task& task) {
    log.line(text_of(task) + " given back");
  };

  work::Runner runner(store::Layout(options.data), options.runner.limits(), worker.nats.name);
  log.line(fmt::format("{}: {} task(s) at once, part {} of {}, {} thread(s)", worker.nats.name,
                       worker.threads, worker.part, worker.parts, thread_count(globals)));
  work::run_worker(runner, worker);
  const work::RunnerStatistics done = runner.statistics();
  log.line(fmt::format("ended after {} task(s); keys were warm {} times, loaded {} times",
                       done.tasks, done.key_hits, done.key_misses),
           {{"tasks", done.tasks}, {"key_hits", done.key_hits}, {"key_misses", done.key_misses}});
}

}  // namespace

void add_worker(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<WorkerOptions>();
  options->worker.threads = 2;
  CLI::App* verb =
      add_verb(app, globals, "worker", "Do the tasks that a gateway leaves with a NATS server",
               [options, &globals] { run(*options, globals); });
  verb->add_option("--data", options->data, "The gateway's data folder, as this machine sees it")
      ->required();
  options->nats.add(verb)->required();
  verb->add_option("--partition", options->partition,
                   "PART/PARTS: tenants are cut into so many parts, and this worker has one for "
                   "its own; it helps others when it has nothing to do");
  verb->add_option("--jobs", options->worker.threads,
                   "Tasks at once; of two or more, one is kept for single queries")
      ->check(CLI::Range(std::size_t{1}, std::size_t{64}))
      ->capture_default_str();
  options->runner.add(verb);
  verb->footer(
      "Ends on SIGTERM: single queries are finished, everything else is given back with its "
      "state.\nMay be killed at any moment: another worker goes on after ten seconds.");
}

}  // namespace serdab::cli
