#include "common/stage.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace serdab::hebench {
namespace {

constexpr std::size_t kMostThreads = 1024;

std::size_t thread_limit() {
  const char* text = std::getenv("SERDAB_THREADS");
  if (text == nullptr || *text == '\0') return 0;
  const char* end = text + std::strlen(text);
  std::size_t threads = 0;
  const auto [stop, error] = std::from_chars(text, end, threads);
  if (error == std::errc() && stop == end && threads <= kMostThreads) return threads;
  base::fail(base::ErrorCode::kInvalidArgument, "SERDAB_THREADS is '" + std::string(text) +
                                                    "', not a number from 0 (all cores) to " +
                                                    std::to_string(kMostThreads));
}

enum Status { kDone = 0, kFailed = 1, kUsage = 2 };

// Runs `step`; what it throws is told after the stage's name, and `failure` returned.
Status guarded(const std::string& stage, Status failure, const std::function<void()>& step) {
  try {
    step();
    return kDone;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "%s: out of memory\n", stage.c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", stage.c_str(), error.what());
  }
  return failure;
}

Status run_body(const std::string& stage, const std::function<void()>& body) {
  return guarded(stage, kFailed, [&] {
    const base::ThreadLimit limit(thread_limit());
    const base::WorkerThreads workers;
    body();
  });
}

std::string stage_name(char** argv) { return fs::path(argv[0]).filename().string(); }

void expect_arguments(int argc, int wanted, const char* usage) {
  if (argc - 1 != wanted) base::fail(base::ErrorCode::kInvalidArgument, usage);
}

}  // namespace

int run_stage(int argc, char** argv, const std::function<void(const Files&)>& body) {
  const std::string stage = stage_name(argv);
  const Size* size = nullptr;
  const Status parsed = guarded(stage, kUsage, [&] {
    expect_arguments(argc, 1, "takes one argument, SIZE: 0, 1, 2 or 3");
    size = &parse_size(argv[1]);
  });
  if (parsed != kDone) return parsed;
  return run_body(stage, [&] { body(Files(*size)); });
}

int run_stage_for_all(int argc, char** argv, const std::function<void()>& body) {
  const std::string stage = stage_name(argv);
  const Status parsed =
      guarded(stage, kUsage, [&] { expect_arguments(argc, 0, "takes no argument"); });
  if (parsed != kDone) return parsed;
  return run_body(stage, body);
}

}  // namespace serdab::hebench
