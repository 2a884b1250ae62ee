#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace serdab::cli {
namespace {

constexpr int kWidth = 30;

double seconds(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

std::string time_text(double s) {
  char text[32];
  if (s < 60) {
    std::snprintf(text, sizeof text, "%.0f s", s);
  } else if (s < 3600) {
    std::snprintf(text, sizeof text, "%d min %02d s", int(s) / 60, int(s) % 60);
  } else {
    std::snprintf(text, sizeof text, "%d h %02d min", int(s) / 3600, int(s) % 3600 / 60);
  }
  return text;
}

}  // namespace

Progress::Progress(std::string task, bool enabled)
    : task_(std::move(task)),
      enabled_(enabled),
      terminal_(::isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      last_(start_) {}

Progress::~Progress() {
  if (shown_ && terminal_) std::fprintf(stderr, "\r\033[K");
}

void Progress::update(double done, double total, const std::string& note) {
  if (!enabled_ || total <= 0) return;
  const auto now = Clock::now();
  const double elapsed = seconds(now - start_);
  if (elapsed < 1) return;
  if (shown_ && seconds(now - last_) < (terminal_ ? 0.1 : 10)) return;
  last_ = now;
  shown_ = true;
  const double share = std::clamp(done / total, 0.0, 1.0);
  const std::string left = share > 0.01 ? time_text(elapsed / share * (1 - share)) + " left" : "";
  if (terminal_) {
    std::string bar(static_cast<std::size_t>(share * kWidth), '#');
    bar.resize(kWidth, '.');
    std::fprintf(stderr, "\r\033[K%s [%s] %3.0f %%  %s  %s", task_.c_str(), bar.c_str(),
                 share * 100, left.c_str(), note.c_str());
  } else {
    std::fprintf(stderr, "%s: %.0f %%, %s %s\n", task_.c_str(), share * 100, left.c_str(),
                 note.c_str());
  }
  std::fflush(stderr);
}

}  // namespace serdab::cli
