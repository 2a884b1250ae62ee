#pragma once

#include <optional>
#include <stdexcept>
#include <string>

#include "engine/base/error.h"

namespace serdab::gateway {

/// An answer other than success, thrown by handlers.
class Failure : public std::runtime_error {
 public:
  Failure(int status, std::string kind, const std::string& message)
      : std::runtime_error(message), status_(status), kind_(std::move(kind)) {}
  /// 429 or 503 with Retry-After.
  static Failure busy(int status, const std::string& kind, const std::string& message,
                      double seconds);
  static Failure from(const base::Error& error);

  int status() const { return status_; }
  const std::string& kind() const { return kind_; }
  const std::optional<int>& retry_after() const { return retry_after_; }

 private:
  int status_;
  std::string kind_;
  std::optional<int> retry_after_;
};

[[noreturn]] inline void refuse(int status, const std::string& kind, const std::string& message) {
  throw Failure(status, kind, message);
}

}  // namespace serdab::gateway
