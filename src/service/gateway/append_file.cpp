#include "service/gateway/internal/append_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/files.h"
#include "service/store/layout.h"

namespace serdab::gateway {
namespace {

[[noreturn]] void fail(const std::string& path, const char* what) {
  base::fail_io(path, what, errno);
}

}  // namespace

AppendFile::AppendFile(const std::string& path)
    : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (fd_ < 0) fail(path_, "cannot be opened");
  struct stat info {};
  if (::fstat(fd_, &info) == 0) size_ = static_cast<std::uint64_t>(info.st_size);
}

AppendFile::~AppendFile() {
  if (fd_ >= 0) ::close(fd_);
}

void AppendFile::write(const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(fd_, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path_, "cannot be written");
    data += n;
    size -= static_cast<std::size_t>(n);
    size_ += static_cast<std::uint64_t>(n);
  }
}

void AppendFile::sync() {
  if (::fsync(fd_) != 0 && errno != EINVAL) fail(path_, "cannot be written");
}

NewFile::NewFile(const std::string& path)
    : path_(path), temporary_(path + ".part" + store::new_id()), file_(temporary_) {}

NewFile::~NewFile() {
  if (!kept_) ::unlink(temporary_.c_str());
}

void NewFile::write(const char* data, std::size_t size) {
  hash_.update({reinterpret_cast<const std::uint8_t*>(data), size});
  file_.write(data, size);
}

void NewFile::keep(bool durable) {
  if (durable) file_.sync();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, "cannot be put in place");
  kept_ = true;
}

}  // namespace serdab::gateway
