#include "engine/base/threads.h"

#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>

#include <new>

#if defined(__SANITIZE_THREAD__)
#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>
#endif

namespace serdab::base {

std::size_t available_threads() {
  return static_cast<std::size_t>(tbb::info::default_concurrency());
}

struct ThreadLimit::Control {
  explicit Control(std::size_t threads)
      : limit(tbb::global_control::max_allowed_parallelism, threads) {}
  tbb::global_control limit;
};

ThreadLimit::ThreadLimit(std::size_t threads)
    : control_(std::make_unique<Control>(threads == 0 ? available_threads() : threads)) {}
ThreadLimit::~ThreadLimit() = default;

struct WorkerThreads::Handle {
  tbb::task_scheduler_handle scheduler{tbb::attach{}};
};

WorkerThreads::WorkerThreads() : handle_(std::make_unique<Handle>()) {}
WorkerThreads::~WorkerThreads() { tbb::finalize(handle_->scheduler, std::nothrow); }

#if defined(__SANITIZE_THREAD__)

// Debian's oneTBB is not built for the thread sanitizer, which therefore cannot see its
// synchronisation. Plain threads stand in for it there: what is checked is that bodies share
// nothing they should not.
void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body) {
  static thread_local bool nested = false;
  const std::size_t threads =
      tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism);
  if (count <= 1 || threads <= 1 || nested) {
    for (std::size_t i = 0; i < count; ++i) body(i);
    return;
  }
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    nested = true;
    try {
      for (std::size_t i = next++; i < count; i = next++) body(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
    nested = false;
  };
  {
    std::vector<std::jthread> helpers;
    for (std::size_t t = 1; t < std::min(threads, count); ++t) helpers.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

#else

void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body) {
  if (count == 1) {
    body(0);
    return;
  }
  tbb::parallel_for(
      tbb::blocked_range<std::size_t>(0, count, 1),
      [&](const tbb::blocked_range<std::size_t>& range) {
        for (std::size_t i = range.begin(); i != range.end(); ++i) body(i);
      },
      tbb::simple_partitioner());
}

#endif

}  // namespace serdab::base
