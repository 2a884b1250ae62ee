#include "service/gateway/internal/http_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <string_view>
#include <thread>

#include "engine/base/error.h"

namespace serdab::gateway {
namespace {

constexpr int kBacklog = 512;
constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
    "Content-Type: application/json\r\nContent-Length: 64\r\n\r\n"
    "{\"error\": \"too many connections; try again soon\", \"kind\":\"busy\"}";
static_assert(kTooMany.size() - kTooMany.find("{") == 64);

thread_local bool shedding = false;

void check_plain(const gateway::Options& options) {
  if (!options.certificate.empty() || options.plain_anywhere) return;
  const bool loopback =
      options.host == "localhost" || options.host == "::1" || options.host.rfind("127.", 0) == 0;
  if (loopback) return;
  base::fail(base::ErrorCode::kSecurity,
             options.host +
                 ": access tokens would cross the network in the clear; give "
                 "--tls-cert and --tls-key, or --plain-http behind a proxy with TLS");
}

std::string tls_reason() {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  return text;
}

SSL_CTX* tls_context(const gateway::Options& options) {
  if (options.certificate.empty()) return nullptr;
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  const auto check = [&](int ok, const std::string& file, const char* what) {
    if (ok == 1) return;
    SSL_CTX_free(context);
    base::fail(base::ErrorCode::kIo, file + ": " + what + ": " + tls_reason());
  };
  check(SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()),
        options.certificate, "is no certificate chain in PEM");
  check(SSL_CTX_use_PrivateKey_file(context, options.private_key.c_str(), SSL_FILETYPE_PEM),
        options.private_key, "is no private key in PEM");
  check(SSL_CTX_check_private_key(context), options.private_key,
        "does not belong to the certificate");
  return context;
}

}  // namespace

/// A thread for every connection, up to a number; beyond it connections are told to come back.
class HttpServer::Threads final : public httplib::TaskQueue {
 public:
  explicit Threads(HttpServer& server) : server_(server) {}

  void enqueue(std::function<void()> serve) override {
    const std::unique_lock lock(mutex_);
    if (server_.connections_ >= server_.options_.connections) {
      ++server_.refused_;
      shedding = true;
      serve();
      shedding = false;
      return;
    }
    ++server_.connections_;
    std::thread([this, serve = std::move(serve)] {
      serve();
      const std::lock_guard done(mutex_);
      --server_.connections_;
      ended_.notify_all();
    }).detach();
  }

  void shutdown() override {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return server_.connections_ == 0; });
  }

 private:
  HttpServer& server_;
  std::mutex mutex_;
  std::condition_variable ended_;
};

HttpServer::HttpServer(const gateway::Options& options)
    : options_(options),
      patience_{options.header_seconds, options.idle_seconds, options.grace_seconds,
                options.slowest_rate},
      tls_(nullptr, SSL_CTX_free) {
  check_plain(options);
  tls_.reset(tls_context(options));
  new_task_queue = [this] { return new Threads(*this); };
}

HttpServer::~HttpServer() = default;

int HttpServer::bind() {
  const int port = options_.port == 0                           ? bind_to_any_port(options_.host)
                   : bind_to_port(options_.host, options_.port) ? options_.port
                                                                : -1;
  if (port < 0) {
    base::fail(base::ErrorCode::kIo, options_.host + ":" + std::to_string(options_.port) +
                                         ": cannot listen there: the port is taken, not allowed, "
                                         "or the address is not this machine's");
  }
  ::listen(svr_sock_, kBacklog);
  ::fcntl(svr_sock_, F_SETFD, FD_CLOEXEC);
  return port;
}

void HttpServer::begin_stop() {
  if (stopping_) return;
  stop_at_ = std::chrono::steady_clock::now() +
             std::chrono::milliseconds(static_cast<long>(options_.drain_seconds * 1000));
  stopping_ = true;
  stop();
}

bool HttpServer::overdue() const {
  return stopping_ && std::chrono::steady_clock::now() >= stop_at_.load();
}

bool HttpServer::process_and_close_socket(socket_t socket) {
  if (shedding) {
    if (!tls_) {
      [[maybe_unused]] const ssize_t sent =
          ::send(socket, kTooMany.data(), kTooMany.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    ::shutdown(socket, SHUT_WR);
    ::close(socket);
    return false;
  }
  Connection connection(socket, tls_ ? SSL_new(tls_.get()) : nullptr, patience_, stopping_);
  if (!connection.handshake()) return false;
  bool closed = false;
  // The library's own ranges go beyond the ends of bodies: exchange.cpp serves those of files.
  const auto without_ranges = [](httplib::Request& request) { request.ranges.clear(); };
  while (!closed && !connection.closing() && connection.wait_for_request()) {
    if (!process_request(connection, stopping_, closed, without_ranges)) break;
    if (!connection.head_read()) break;
  }
  return true;
}

}  // namespace serdab::gateway
