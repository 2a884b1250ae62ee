#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "engine/base/error.h"

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

/// With what the operating system says.
[[noreturn]] inline void fail_io(const std::string& what, const std::string& path) {
  const int error = errno;
  base::fail(base::ErrorCode::kIo, path + ": " + what + ": " + std::strerror(error) +
                                       (error == ENOSPC || error == EDQUOT
                                            ? ": the disk is full; free some of it and try again"
                                            : ""));
}

}  // namespace serdab::wire::internal
