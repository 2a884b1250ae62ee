#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "engine/base/files.h"

namespace serdab::wire::internal {

/// An open file; closed on every way out.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

/// For errno, as base::fail_io().
[[noreturn]] inline void fail_io(const std::string& what, const std::string& path) {
  base::fail_io(path, what, errno);
}

}  // namespace serdab::wire::internal
