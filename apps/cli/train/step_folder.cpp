#include "train/step_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "engine/base/error.h"

namespace serdab::cli::train {

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
  return (std::filesystem::path(path) / fmt::format("data-{:03}.sdb", batch)).string();
}

Opened open_file(wire::FileKind kind, const std::string& path) {
  Opened opened;
  opened.bytes = wire::read_file(path, wire::payload_limit(kind));
  opened.payload = wire::open_payload(kind, opened.bytes, path);
  return opened;
}

void save(wire::FileKind kind, const std::string& path, std::span<const std::uint8_t> payload,
          unsigned mode) {
  wire::write_file(path, wire::seal_payload(kind, payload), mode);
}

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) base::fail(base::ErrorCode::kIo, path + ": cannot be created: " + error.message());
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

void remove_file(const std::string& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) base::fail(base::ErrorCode::kIo, path + ": cannot be removed: " + error.message());
}

FolderLock::FolderLock(const std::string& path)
    : fd_(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)) {
  if (fd_ < 0) base::fail(base::ErrorCode::kIo, path + ": " + std::strerror(errno));
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  ::close(fd_);
  base::fail(base::ErrorCode::kInvalidArgument,
             path + ": another process runs steps in this folder; wait for it, or end it");
}

FolderLock::~FolderLock() { ::close(fd_); }

}  // namespace serdab::cli::train
