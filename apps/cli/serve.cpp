#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "common.h"
#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "service/gateway/gateway.h"
#include "service/work/local_queue.h"
#include "service/work/nats_queue.h"
#include "worker_flags.h"

namespace serdab::cli {
namespace {

struct ServeOptions {
  std::string data, log, metrics = "loopback";
  gateway::Options gateway;
  std::size_t jobs = 0;  ///< tasks at once; 0: as many as cores
  RunnerFlags runner;
  NatsFlags nats;

  bool embedded() const { return nats.given.url.empty(); }
};

std::shared_ptr<spdlog::logger> make_log(const std::string& path) {
  std::shared_ptr<spdlog::logger> log =
      path.empty() ? spdlog::stderr_logger_mt("serve") : spdlog::basic_logger_mt("serve", path);
  // Lines are JSON objects already; the time goes in front as their first field.
  log->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v)", spdlog::pattern_time_type::utc);
  log->flush_on(spdlog::level::info);
  return log;
}

gateway::MetricsAccess metrics_access(const std::string& name) {
  if (name == "off") return gateway::MetricsAccess::kOff;
  return name == "open" ? gateway::MetricsAccess::kOpen : gateway::MetricsAccess::kLoopback;
}

void announce(const gateway::Gateway& gateway, const ServeOptions& options,
              const Globals& globals) {
  const std::string address =
      fmt::format("{}://{}:{}", options.gateway.certificate.empty() ? "http" : "https",
                  options.gateway.host, gateway.port());
  if (globals.json) {
    fmt::print("{}\n", nlohmann::json{{"address", address}, {"port", gateway.port()}}.dump());
  } else {
    fmt::print("serving {} at {}\n", options.data, address);
  }
  std::fflush(stdout);
}

// Threads of this process, or workers beyond a NATS server.
std::unique_ptr<work::Queue> queue(const ServeOptions& options, work::Runner* runner,
                                   work::Listener listener) {
  if (runner == nullptr) {
    return std::make_unique<work::NatsQueue>(
        std::move(listener),
        work::NatsQueueOptions{options.nats.options("gateway"), options.gateway.pending});
  }
  const std::size_t jobs = options.jobs == 0 ? base::available_threads() : options.jobs;
  return std::make_unique<work::LocalQueue>(*runner, std::move(listener),
                                            work::LocalQueueOptions{jobs, options.gateway.pending});
}

void serve(ServeOptions& options, const Globals& globals) {
  std::signal(SIGPIPE, SIG_IGN);
  if (options.gateway.certificate.empty() != options.gateway.private_key.empty()) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "--tls-cert and --tls-key belong together: give both or none");
  }
  const auto log = make_log(options.log);
  options.gateway.log = [&](std::string_view line) { log->info(line.substr(1)); };
  options.gateway.metrics = metrics_access(options.metrics);
  options.gateway.software_version = SERDAB_VERSION;
  store::Store store(options.data);
  std::unique_ptr<work::Runner> runner;
  if (options.embedded()) {
    runner = std::make_unique<work::Runner>(store.layout(), options.runner.limits(), "embedded");
  }
  const auto make_queue = [&](work::Listener listener) {
    return queue(options, runner.get(), std::move(listener));
  };
  gateway::Gateway gateway(store, make_queue, runner.get(), options.gateway);
  announce(gateway, options, globals);
  std::atomic<bool> ended = false;
  std::thread watch([&] {
    while (!ended && !interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    gateway.stop();
  });
  gateway.serve();
  ended = true;
  watch.join();
}

}  // namespace

void add_serve(CLI::App& app, Globals& globals, std::span<const gateway::Asset> page) {
  auto options = std::make_shared<ServeOptions>();
  options->gateway.assets = page;
  gateway::Options& gateway = options->gateway;
  CLI::App* verb = add_verb(app, globals, "serve", "Answer clients over the network (server)",
                            [options, &globals] { serve(*options, globals); });
  verb->add_option("--data", options->data, "Data folder: models, tenants, keys, jobs")->required();
  verb->add_option("--host", gateway.host, "Address to listen at")->capture_default_str();
  verb->add_option("--port", gateway.port, "Port; 0: any that is free")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  verb->add_option("--tls-cert", gateway.certificate, "Certificate chain, PEM")
      ->check(CLI::ExistingFile);
  verb->add_option("--tls-key", gateway.private_key, "Its private key, PEM")
      ->check(CLI::ExistingFile);
  verb->add_flag("--plain-http", gateway.plain_anywhere,
                 "Allow HTTP without TLS beyond loopback (behind a proxy that has it)");
  verb->add_option("--connections", gateway.connections, "Connections at once")
      ->check(CLI::Range(std::size_t{1}, std::size_t{65536}))
      ->capture_default_str();
  verb->add_option("--pending", gateway.pending, "Tasks that may wait or run; beyond: 429")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}))
      ->capture_default_str();
  verb->add_option("--slowest-rate", gateway.slowest_rate,
                   "Bytes a second that clients keep up at least, after the grace")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--grace", gateway.grace_seconds, "Seconds a client may be waited for besides")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--header-seconds", gateway.header_seconds, "For a request's head")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--infer-seconds", gateway.infer_seconds, "For an answer; beyond: 504")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--drain-seconds", gateway.drain_seconds,
                   "At the end, for what is under way (SIGTERM)")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--metrics", options->metrics, "Who may read /metrics")
      ->check(CLI::IsMember({"off", "loopback", "open"}))
      ->capture_default_str();
  verb->add_option("--log", options->log, "Log file, JSON lines; without: standard error");
  verb->add_option("--jobs", options->jobs,
                   "Tasks this process computes at once; 0: as many as cores")
      ->check(CLI::Range(std::size_t{0}, std::size_t{1024}))
      ->capture_default_str();
  options->runner.add(verb);
  options->nats.add(verb);
  verb->footer(
      "Make a tenant and its access token with 'serdab-server admin --data DIR tenant add' and\n"
      "'... token add', a model with '... model add'. Ends on SIGTERM or SIGINT once what waits "
      "is\n"
      "answered; may be killed at any moment: accepted jobs go on at the next start.\n"
      "With --nats it computes nothing itself: 'serdab-server worker' does, on any machine that\n"
      "sees the data folder.");
}

}  // namespace serdab::cli
