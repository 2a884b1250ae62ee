#pragma once

#include <memory>

#include "service/gateway/internal/connection.h"
#include "service/gateway/options.h"

namespace serdab::gateway {

/// cpp-httplib's server with connections of our own: TLS, patience and numbers are ours, requests
/// and responses the library's.
class HttpServer final : public httplib::Server {
 public:
  /// Throws base::Error when the certificate or key cannot be used.
  explicit HttpServer(const gateway::Options& options);
  ~HttpServer() override;

  /// Throws base::Error(kIo). Returns the port.
  int bind();
  bool is_valid() const override { return true; }
  /// Ends accepting and idle connections; those in a request end with it.
  void begin_stop();
  std::size_t connections() const { return connections_; }
  std::size_t refused_connections() const { return refused_; }
  bool stopping() const { return stopping_; }
  /// Whether the time to drain is over.
  bool overdue() const;

 private:
  class Threads;
  bool process_and_close_socket(socket_t socket) override;

  const gateway::Options& options_;
  Patience patience_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> tls_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::chrono::steady_clock::time_point> stop_at_{};  ///< set before stopping_
  std::atomic<std::size_t> connections_ = 0;
  std::atomic<std::size_t> refused_ = 0;
};

}  // namespace serdab::gateway
