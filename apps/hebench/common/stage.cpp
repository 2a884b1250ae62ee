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
  base::fail(base::ErrorCode::kInvalidArgument,
             "SERDAB_THREADS is '" + std::string(text) + "', not a number from 0 (all cores) to " +
                 std::to_string(kMostThreads));
}

int report(const std::string& stage, const char* message, int status) {
  std::fprintf(stderr, "%s: %s\n", stage.c_str(), message);
  return status;
}

int guarded(const std::string& stage, const std::function<void()>& body) {
  try {
    const base::ThreadLimit limit(thread_limit());
    body();
    return 0;
  } catch (const base::Error& error) {
    return report(stage, error.what(), error.code() == base::ErrorCode::kInvalidArgument ? 2 : 1);
  } catch (const std::bad_alloc&) {
    return report(stage, "out of memory", 1);
  } catch (const std::exception& error) {
    return report(stage, error.what(), 1);
  }
}

std::string stage_name(char** argv) { return fs::path(argv[0]).filename().string(); }

void expect_arguments(int argc, int wanted, const char* usage) {
  if (argc - 1 == wanted) return;
  base::fail(base::ErrorCode::kInvalidArgument, usage);
}

}  // namespace

int run_stage(int argc, char** argv, const std::function<void(const Files&)>& body) {
  return guarded(stage_name(argv), [&] {
    expect_arguments(argc, 1, "takes one argument, SIZE: 0, 1, 2 or 3");
    body(Files(parse_size(argv[1])));
  });
}

int run_stage_for_all(int argc, char** argv, const std::function<void()>& body) {
  return guarded(stage_name(argv), [&] {
    expect_arguments(argc, 0, "takes no argument");
    body();
  });
}

}  // namespace serdab::hebench
