#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "common.h"
#include "engine/base/error.h"
#include "service/wire/file.h"
#include "service/work/nats_worker.h"

namespace serdab::cli {
namespace {

struct WorkerOptions {
  std::string data, partition = "1/1", token_file;
  work::NatsWorkerOptions worker;
  double key_memory = 4, weight_memory = 0;
  double checkpoint_seconds = 30;
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

std::string read_token(const std::string& path) {
  const auto bytes = wire::read_file(path, 4096);
  std::string token(bytes.begin(), bytes.end());
  while (!token.empty() && std::isspace(static_cast<unsigned char>(token.back()))) token.pop_back();
  return token;
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
  worker.nats.name = host_and_process();
  if (!options.token_file.empty()) worker.nats.token = read_token(options.token_file);
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

  work::RunnerLimits limits;
  limits.key_bytes = static_cast<std::size_t>(options.key_memory * 1e9);
  limits.weight_bytes = weight_memory_bytes(options.weight_memory);
  limits.checkpoint_seconds = options.checkpoint_seconds;
  work::Runner runner(store::Layout(options.data), limits, worker.nats.name);
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
  work::NatsOptions& nats = options->worker.nats;
  options->worker.threads = 2;
  CLI::App* verb =
      add_verb(app, globals, "worker", "Do the tasks that a gateway leaves with a NATS server",
               [options, &globals] { run(*options, globals); });
  verb->add_option("--data", options->data, "The gateway's data folder, as this machine sees it")
      ->required();
  verb->add_option("--nats", nats.url, "nats://HOST:4222 or tls://HOST:4222; several by commas")
      ->required();
  verb->add_option("--nats-credentials", nats.credentials_file, "File of a NATS user")
      ->check(CLI::ExistingFile);
  verb->add_option("--nats-token", options->token_file, "File that holds a NATS token")
      ->check(CLI::ExistingFile);
  verb->add_option("--nats-ca", nats.ca_file, "Certificates to trust, PEM")
      ->check(CLI::ExistingFile);
  CLI::Option* certificate =
      verb->add_option("--nats-cert", nats.certificate_file, "This worker's certificate, PEM")
          ->check(CLI::ExistingFile);
  CLI::Option* key =
      verb->add_option("--nats-key", nats.key_file, "Its key, PEM")->check(CLI::ExistingFile);
  certificate->needs(key);
  key->needs(certificate);
  verb->add_option("--partition", options->partition,
                   "PART/PARTS: tenants are cut into so many parts, and this worker has one for "
                   "its own; it helps others when it has nothing to do");
  verb->add_option("--jobs", options->worker.threads,
                   "Tasks at once; of two or more, one is kept for single queries")
      ->check(CLI::Range(std::size_t{1}, std::size_t{64}))
      ->capture_default_str();
  verb->add_option("--key-memory", options->key_memory,
                   "GB that evaluation keys may take; those used longest ago go")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_weight_memory(verb, options->weight_memory);
  verb->add_option("--checkpoint-seconds", options->checkpoint_seconds,
                   "How often the state of a chunk or step is stored")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->footer(
      "Ends on SIGTERM: single queries are finished, everything else is given back with its "
      "state.\nMay be killed at any moment: another worker goes on after ten seconds.");
}

}  // namespace serdab::cli
