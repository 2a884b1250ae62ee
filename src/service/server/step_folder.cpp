#include "service/server/step_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "engine/base/error.h"

namespace serdab::server {
namespace {

constexpr auto kRetry = std::chrono::milliseconds(50);

}  // namespace

StepFolder::StepFolder(const std::string& folder) : path(folder) {
  const std::filesystem::path base(folder);
  step = (base / "step.sdb").string();
  keys = (base / "keys.sdk").string();
  state = (base / "state.sdb").string();
  checkpoint = (base / "step.checkpoint").string();
  request = (base / "refresh.request").string();
  answer = (base / "refresh.answer").string();
  mask = (base / "mask.secret").string();
  lock = (base / "lock").string();
}

std::string StepFolder::data(std::uint64_t batch) const {
  std::string number = std::to_string(batch);
  if (number.size() < 3) number.insert(0, 3 - number.size(), '0');
  return (std::filesystem::path(path) / ("data-" + number + ".sdb")).string();
}

FolderLock::FolderLock(const std::string& path, const std::function<bool()>& keep_waiting)
    : fd_(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)) {
  if (fd_ < 0) base::fail(base::ErrorCode::kIo, path + ": " + std::strerror(errno));
  while (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    if (!keep_waiting || !keep_waiting()) {
      ::close(fd_);
      base::fail(base::ErrorCode::kInvalidArgument,
                 path + ": another process runs steps in this folder; wait for it, or end it");
    }
    std::this_thread::sleep_for(kRetry);
  }
}

FolderLock::~FolderLock() { ::close(fd_); }

}  // namespace serdab::server
