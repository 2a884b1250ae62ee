#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace serdab::cli {

/// A progress bar with time left on standard error; shown once a task has taken over a second, only
/// on a terminal (one line every ten seconds elsewhere), never with --json or --quiet. One thread
/// at a time.
class Progress {
 public:
  Progress(std::string task, bool enabled);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` of `total` units of work; the note stands behind them.
  void update(double done, double total, const std::string& note = "");

 private:
  using Clock = std::chrono::steady_clock;
  std::string task_;
  bool enabled_;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point start_;
  Clock::time_point last_;
};

}  // namespace serdab::cli
