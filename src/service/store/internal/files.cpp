#include "service/store/internal/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "engine/base/files.h"

namespace serdab::store::internal {
namespace {

namespace fs = std::filesystem;

void sync(const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) fail_io(path, "cannot be opened");
  const int status = ::fsync(file);
  const int error = errno;
  ::close(file);
  errno = error;
  if (status != 0 && error != EINVAL) fail_io(path, "cannot be written");
}

}  // namespace

void fail_io(const std::string& path, const std::string& what) {
  base::fail_io(path, what, errno, kRemedyIfFull);
}

void make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return;
  struct stat info {};
  if (errno == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return;
  fail_io(path, "cannot be created");
}

void make_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) fail_io(path, "cannot be created");
  ::close(file);
}

void sync_folder(const std::string& path) { sync(path, O_RDONLY | O_DIRECTORY); }

void sync_file(const std::string& path) { sync(path, O_RDONLY); }

void link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) != 0) fail_io(to, "cannot be put in place");
}

void move(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail_io(to, "cannot be put in place");
}

bool exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

std::uint64_t file_size(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

void remove_tree(const std::string& path) noexcept {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::int64_t last_touched(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return 0;
  std::int64_t last = info.st_mtime;
  if (S_ISDIR(info.st_mode)) {
    for (const std::string& name : names_in(path)) {
      last = std::max(last, last_touched(path + "/" + name));
    }
  }
  return last;
}

}  // namespace serdab::store::internal
