#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace serdab::base {

/// Cores this process may run on.
std::size_t available_threads();

/// Limits the threads that parallel_for uses, while it lives; the innermost limit holds. 0 means
/// all available cores. Results never depend on it.
class ThreadLimit {
 public:
  explicit ThreadLimit(std::size_t threads);
  ~ThreadLimit();
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  struct Control;
  std::unique_ptr<Control> control_;
};

/// Ends the threads that parallel_for works on, and waits for them, when it goes. A program's main
/// thread holds one around its work, so that none of them runs on while the program's statics and
/// its libraries are taken down. No other thread may be in parallel_for by then.
class WorkerThreads {
 public:
  WorkerThreads();
  ~WorkerThreads();
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

/// Calls body(i) for every i in [0, count), on as many threads as are allowed; returns when all are
/// done. Exceptions thrown by the body are passed on (one of them, if several). May be nested.
void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body);

}  // namespace serdab::base
