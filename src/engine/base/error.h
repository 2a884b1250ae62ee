#pragma once

#include <stdexcept>
#include <string>

namespace serdab::base {

/// What kind of thing went wrong; command-line programs map it to their exit status.
enum class ErrorCode {
  kInvalidArgument,  ///< a value the caller gave is outside what the function accepts
  kMismatch,         ///< two things that must agree do not (level, scale, key, parameters)
  kCorrupt,          ///< bytes from outside are cut, flipped or malformed
  kUnsupported,      ///< understood, but serdab cannot do it
  kSecurity,         ///< refused because it would fall below the asked security level
  kLimit,            ///< too large: a size, memory or key budget is exceeded
  kIo,               ///< the operating system refused a file operation
  kInterrupted,      ///< stopped by a signal; work so far is kept
};

/// The one exception type of the library: bad outside data gives an Error that says which value was
/// wrong, what was expected and, where there is one, the remedy. Programmer errors are asserts.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

[[noreturn]] inline void fail(ErrorCode code, const std::string& message) {
  throw Error(code, message);
}

/// Throws Error(code, message) unless `condition` holds. For messages that cost time to build, test
/// the condition first and call fail().
inline void require(bool condition, ErrorCode code, const char* message) {
  if (!condition) fail(code, message);
}

}  // namespace serdab::base
