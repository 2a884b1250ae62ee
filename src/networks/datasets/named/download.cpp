#include "networks/datasets/named/download.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "engine/base/error.h"
#include "networks/datasets/formats/bytes.h"

extern char** environ;

namespace serdab::datasets {
namespace {

using base::ErrorCode;

/// Starts curl with its messages thrown away; the exit status says enough.
pid_t start_curl(const std::string& url, const std::filesystem::path& file) {
  const std::string limit = std::to_string(kMaxFileBytes), output = file.string();
  std::vector<std::string> words{"curl",
                                 "--fail",
                                 "--location",
                                 "--silent",
                                 "--proto",
                                 "=http,https",
                                 "--max-redirs",
                                 "8",
                                 "--connect-timeout",
                                 "20",
                                 "--max-filesize",
                                 limit,
                                 "--output",
                                 output,
                                 "--",
                                 url};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = -1;
  const int status = posix_spawnp(&child, "curl", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (status == ENOENT) {
    base::fail(ErrorCode::kIo, "curl is not installed; it is what downloads (apt install curl)");
  }
  if (status != 0)
    base::fail(ErrorCode::kIo, std::string("curl does not start: ") + strerror(status));
  return child;
}

/// Waits for the child, telling the growth of its file; kills it if `progress` throws.
int wait_for(pid_t child, const std::filesystem::path& file, const std::string& label,
             const FetchProgress& progress) {
  int status = 0;
  try {
    while (waitpid(child, &status, WNOHANG) == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      std::error_code none;
      const auto size = std::filesystem::file_size(file, none);
      if (progress && !none) progress(label, static_cast<std::size_t>(size));
    }
  } catch (...) {
    kill(child, SIGTERM);
    waitpid(child, &status, 0);
    throw;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string explain(int status) {
  switch (status) {
    case 5:
    case 6:
      return "the server's name cannot be resolved: this machine seems to be offline";
    case 7:
      return "no connection to the server: this machine seems to be offline";
    case 22:
      return "the server answered with an error";
    case 23:
      return "the file cannot be written";
    case 28:
      return "the connection timed out: this machine seems to be offline";
    case 35:
    case 60:
      return "the server's certificate cannot be checked";
    case 63:
      return "the file is larger than expected";
    case 127:
      return "curl is not installed; it is what downloads (apt install curl)";
    default:
      return "curl failed with status " + std::to_string(status);
  }
}

}  // namespace

void download(const std::string& url, const std::filesystem::path& file, const std::string& label,
              const FetchProgress& progress) {
  const int status = wait_for(start_curl(url, file), file, label, progress);
  if (status != 0) base::fail(ErrorCode::kIo, url + ": " + explain(status));
}

}  // namespace serdab::datasets
