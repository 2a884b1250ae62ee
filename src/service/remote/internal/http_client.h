#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "service/remote/session.h"

namespace serdab::remote {

struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::vector<std::uint8_t> body;
  unsigned tries = 1;

  std::string text() const { return {body.begin(), body.end()}; }
  std::optional<std::uint64_t> number(const std::string& header) const;
};

struct Asked {
  std::string method, path;
  std::map<std::string, std::string> headers;
  std::span<const std::uint8_t> body;
  std::string type;
};

/// HTTP with patience: what a server that is busy, restarting or out of reach did not do is asked
/// again, later each time, no sooner than it says. All requests here may be repeated. One thread.
class HttpClient {
 public:
  HttpClient(const ServerAddress& server, StopFunction stop);
  ~HttpClient();

  /// Any status but those that mean "later".
  Reply ask(const Asked& asked);
  /// One try; listens until `line` says false, or the server ends. False if nothing came.
  bool listen(const std::string& path, const std::function<bool(const std::string& line)>& line);
  /// What a status that is no success means.
  [[noreturn]] void fail(const Reply& reply) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace serdab::remote
