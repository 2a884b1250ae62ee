#include "common.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "networks/program/prepared_weights.h"

namespace serdab::cli {
namespace {

std::atomic<bool> g_interrupted{false};

extern "C" void on_signal(int) { g_interrupted.store(true); }

struct Kind {
  base::ErrorCode code;
  const char* name;
  int status;
};
constexpr Kind kKinds[] = {
    {base::ErrorCode::kInvalidArgument, "invalid_argument", 3},
    {base::ErrorCode::kMismatch, "mismatch", 3},
    {base::ErrorCode::kCorrupt, "corrupt", 3},
    {base::ErrorCode::kUnsupported, "unsupported", 4},
    {base::ErrorCode::kSecurity, "security", 5},
    {base::ErrorCode::kLimit, "limit", 6},
    {base::ErrorCode::kIo, "io", 7},
    {base::ErrorCode::kInterrupted, "interrupted", 130},
};

int report(const Globals& globals, const char* kind, const std::string& message, int status) {
  fmt::print(stderr, "serdab: {}\n", message);
  if (globals.json) {
    fmt::print("{}\n", nlohmann::json{{"error", message}, {"kind", kind}}.dump());
  }
  return status;
}

}  // namespace

CLI::App* add_verb(CLI::App& app, Globals& globals, const std::string& name,
                   const std::string& description, const std::function<void()>& body) {
  CLI::App* verb = app.add_subcommand(name, description);
  verb->add_flag("--json", globals.json, "Print the result as JSON, nothing else");
  verb->add_flag("--quiet,-q", globals.quiet, "No progress bars");
  verb->add_option("--threads", globals.threads, "Threads to use; 0 means all cores")
      ->check(CLI::Range(std::size_t{0}, std::size_t{1024}));
  verb->callback([&globals, body] {
    const base::ThreadLimit limit(globals.threads);
    const base::WorkerThreads workers;
    body();
  });
  return verb;
}

int run_app(CLI::App& app, const Globals& globals, int argc, char** argv) {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  app.set_version_flag("--version", "serdab " SERDAB_VERSION);
  app.require_subcommand(1);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return status == 0 ? 0 : 2;
  } catch (const Ended& ended) {
    fmt::print(stderr, "serdab: {}\n", ended.message);
    return ended.status;
  } catch (const base::Error& error) {
    for (const Kind& kind : kKinds) {
      if (kind.code == error.code()) return report(globals, kind.name, error.what(), kind.status);
    }
    return report(globals, "error", error.what(), 1);
  } catch (const std::bad_alloc&) {
    return report(globals, "limit", "out of memory; use fewer images a query or a smaller model",
                  6);
  } catch (const std::exception& error) {
    return report(globals, "error", error.what(), 1);
  }
}

bool interrupted() { return g_interrupted.load(); }

std::string size_text(double bytes) {
  if (bytes < 1e4) return fmt::format("{:.0f} B", bytes);
  if (bytes < 1e6) return fmt::format("{:.1f} kB", bytes / 1e3);
  if (bytes < 1e9) return fmt::format("{:.1f} MB", bytes / 1e6);
  return fmt::format("{:.2f} GB", bytes / 1e9);
}

std::size_t peak_resident_bytes() {
  struct rusage usage {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

void add_weight_memory(CLI::App* verb, double& gigabytes) {
  verb->add_option(
          "--weight-memory", gigabytes,
          "GB that encoded weights of a packed program may take, by default 2.1, as the plan "
          "has it; what does not fit is encoded whenever it is used")
      ->check(CLI::NonNegativeNumber);
}

std::size_t weight_memory_bytes(double gigabytes) {
  if (gigabytes > 0) return static_cast<std::size_t>(gigabytes * 1e9);
  return program::kPreparedWeightBytes;
}

std::size_t thread_count(const Globals& globals) {
  return globals.threads == 0 ? base::available_threads() : globals.threads;
}

}  // namespace serdab::cli
