#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "service/gateway/asset.h"

namespace serdab::cli {

/// Options of every verb.
struct Globals {
  bool json = false;
  bool quiet = false;
  std::size_t threads = 0;  ///< 0: all

  bool progress() const { return !json && !quiet; }
};

/// Adds a verb with the common options; `body` runs under the thread limit they ask for.
CLI::App* add_verb(CLI::App& app, Globals& globals, const std::string& name,
                   const std::string& description, const std::function<void()>& body);

/// Thrown by a verb that has done and reported what it could and ends with a status of its own.
struct Ended {
  int status = 0;
  std::string message;  ///< to standard error
};
inline constexpr int kRefreshDue = 8;

/// Parses and runs. Exit status: 0 done, 1 other failure, 2 wrong usage, 3 bad input (corrupt or
/// mismatched file, value out of range), 4 unsupported, 5 refused for security, 6 a limit exceeded,
/// 7 input or output failed, 8 a training step waits for a refresh, 130 interrupted. Errors go to
/// standard error, with --json as {"error": …, "kind": …} to standard output as well.
int run_app(CLI::App& app, const Globals& globals, int argc, char** argv);

/// True once SIGINT or SIGTERM has arrived; handlers are installed by run_app.
bool interrupted();

/// "12.3 MB".
std::string size_text(double bytes);
/// Largest resident size of this process so far.
std::size_t peak_resident_bytes();
/// --weight-memory, in GB; 0, its default: what plans reckon with.
void add_weight_memory(CLI::App* verb, double& gigabytes);
std::size_t weight_memory_bytes(double gigabytes);
/// Threads that --threads asks for, counted.
std::size_t thread_count(const Globals& globals);

void add_run(CLI::App& app, Globals& globals);
/// `page`: the browser client's files.
void add_serve(CLI::App& app, Globals& globals, std::span<const gateway::Asset> page);
void add_worker(CLI::App& app, Globals& globals);

}  // namespace serdab::cli
