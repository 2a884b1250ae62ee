#include <algorithm>
#include <cmath>

#include "service/gateway/internal/failure.h"

namespace serdab::gateway {

Failure Failure::busy(int status, const std::string& kind, const std::string& message,
                      double seconds) {
  Failure failure(status, kind, message);
  failure.retry_after_ = static_cast<int>(std::clamp(std::ceil(seconds), 1.0, 3600.0));
  return failure;
}

Failure Failure::from(const base::Error& error) {
  const std::string text = error.what();
  switch (error.code()) {
    case base::ErrorCode::kInvalidArgument:
      return {400, "invalid", text};
    case base::ErrorCode::kCorrupt:
      return {400, "corrupt", text};
    case base::ErrorCode::kMismatch:
      return {409, "mismatch", text};
    case base::ErrorCode::kUnsupported:
      return {422, "unsupported", text};
    case base::ErrorCode::kSecurity:
      return {403, "security", text};
    case base::ErrorCode::kLimit:
      return {507, "quota", text};
    case base::ErrorCode::kIo:
      // Whose words name the server's own files: they go to its log, not to a tenant.
      return {507, "storage", "the server could not store or read what this needs"};
    case base::ErrorCode::kInterrupted:
      return busy(503, "stopping", "the server is shutting down", 5);
  }
  return {500, "internal", "internal error"};
}

}  // namespace serdab::gateway
