#include "service/remote/internal/http_client.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

// The packaged library is built with TLS: its classes look different without.
#define CPPHTTPLIB_OPENSSL_SUPPORT
#include <httplib.h>

#include "engine/base/error.h"

namespace serdab::remote {
namespace {

using base::ErrorCode;
using Clock = std::chrono::steady_clock;

constexpr time_t kConnectSeconds = 10;
constexpr time_t kSilenceSeconds = 330;  // longer than a server takes to answer 504
constexpr double kFirstWait = 0.2, kLongestWait = 8;

std::string host_of(const std::string& url) {
  const std::size_t begin = url.find("://") + 3;
  if (url[begin] == '[') return url.substr(begin + 1, url.find(']', begin) - begin - 1);
  return url.substr(begin, url.find_first_of(":/", begin) - begin);
}

void check_address(const ServerAddress& server) {
  const bool tls = server.url.rfind("https://", 0) == 0;
  const bool plain = server.url.rfind("http://", 0) == 0;
  if (!tls && !plain) {
    base::fail(ErrorCode::kInvalidArgument,
               server.url + ": is no address; https://HOST:PORT is wanted");
  }
  const std::string host = host_of(server.url);
  if (plain && host != "localhost" && host != "::1" && host.rfind("127.", 0) != 0) {
    base::fail(ErrorCode::kSecurity,
               server.url + ": the access token would cross the network in the clear; use https");
  }
  if (server.token.empty()) {
    base::fail(ErrorCode::kSecurity, server.url + ": an access token is missing");
  }
}

// Between a half and all of it, so that clients do not come back at once together.
double jittered(double seconds) {
  unsigned char byte = 0;
  RAND_bytes(&byte, 1);
  return seconds * (0.5 + byte / 510.0);
}

bool later(int status) {
  return status == 429 || status == 425 || status == 502 || status == 503 || status == 504;
}

}  // namespace

std::optional<std::uint64_t> Reply::number(const std::string& header) const {
  const auto found = headers.find(header);
  if (found == headers.end() || found->second.empty() || found->second.size() > 18 ||
      !std::all_of(found->second.begin(), found->second.end(),
                   [](unsigned char c) { return std::isdigit(c) != 0; })) {
    return std::nullopt;
  }
  return std::stoull(found->second);
}

struct HttpClient::State {
  State(const ServerAddress& at, StopFunction asked)
      : server(at), stop(std::move(asked)), http(at.url) {
    http.set_bearer_token_auth(server.token);
    http.set_keep_alive(true);
    http.set_tcp_nodelay(true);
    http.set_connection_timeout(kConnectSeconds);
    http.set_read_timeout(kSilenceSeconds);
    http.set_write_timeout(kSilenceSeconds);
    if (!server.ca_file.empty()) http.set_ca_cert_path(server.ca_file);
    http.enable_server_certificate_verification(true);
  }

  void check_stop() const {
    if (stop && stop()) base::fail(ErrorCode::kInterrupted, server.url + ": interrupted");
  }

  void sleep(double seconds) const {
    const auto until = Clock::now() + std::chrono::duration<double>(seconds);
    while (Clock::now() < until) {
      check_stop();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  httplib::Result send(const Asked& asked) {
    httplib::Request request;
    request.method = asked.method;
    request.path = asked.path;
    for (const auto& [name, value] : asked.headers) request.headers.emplace(name, value);
    request.body.assign(reinterpret_cast<const char*>(asked.body.data()), asked.body.size());
    if (!asked.type.empty()) request.headers.emplace("Content-Type", asked.type);
    return http.send(request);
  }

  const ServerAddress server;
  StopFunction stop;
  httplib::Client http;
};

HttpClient::HttpClient(const ServerAddress& server, StopFunction stop) {
  check_address(server);
  state_ = std::make_unique<State>(server, std::move(stop));
}
HttpClient::~HttpClient() = default;

Reply HttpClient::ask(const Asked& asked) {
  const auto until = Clock::now() + std::chrono::duration<double>(state_->server.patience_seconds);
  double wait = kFirstWait;
  for (unsigned tries = 1;; ++tries) {
    state_->check_stop();
    const httplib::Result result = state_->send(asked);
    Reply reply;
    reply.tries = tries;
    if (result) {
      reply.status = result->status;
      for (const auto& [name, value] : result->headers) {
        std::string lower = name;
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        reply.headers[lower] = value;
      }
      reply.body.assign(result->body.begin(), result->body.end());
      if (!later(reply.status)) return reply;
    } else if (result.error() == httplib::Error::SSLServerVerification) {
      base::fail(ErrorCode::kSecurity, state_->server.url +
                                           ": its certificate is not trusted; --ca-file names the "
                                           "authority that signed it");
    }
    const double asked_for = static_cast<double>(reply.number("retry-after").value_or(0));
    const double pause = std::max(jittered(wait), asked_for);
    if (Clock::now() + std::chrono::duration<double>(pause) > until) {
      if (result) fail(reply);
      base::fail(ErrorCode::kIo, state_->server.url + ": cannot be reached (" +
                                     httplib::to_string(result.error()) + ") after " +
                                     std::to_string(tries) + " tries");
    }
    state_->sleep(pause);
    wait = std::min(wait * 2, kLongestWait);
  }
}

bool HttpClient::listen(const std::string& path,
                        const std::function<bool(const std::string& line)>& line) {
  std::string pending;
  bool any = false;
  const auto take = [&](const char* data, std::size_t size) {
    if (state_->stop && state_->stop()) return false;
    any = true;
    pending.append(data, size);
    for (std::size_t end; (end = pending.find('\n')) != std::string::npos;) {
      const std::string one = pending.substr(0, end);
      pending.erase(0, end + 1);
      if (!line(one)) return false;
    }
    return pending.size() < (std::size_t{1} << 24);
  };
  state_->http.Get(path, take);
  state_->check_stop();
  return any;
}

void HttpClient::fail(const Reply& reply) const {
  const nlohmann::json said = nlohmann::json::parse(reply.text(), nullptr, false);
  std::string words = "HTTP status " + std::to_string(reply.status);
  if (said.is_object() && said.contains("error") && said["error"].is_string()) {
    words = said["error"].get<std::string>();
  }
  ErrorCode code = ErrorCode::kIo;
  if (reply.status == 401 || reply.status == 403) code = ErrorCode::kSecurity;
  if (reply.status == 400 || reply.status == 404) code = ErrorCode::kInvalidArgument;
  if (reply.status == 409 || reply.status == 412) code = ErrorCode::kMismatch;
  if (reply.status == 413 || reply.status == 429 || reply.status == 507) code = ErrorCode::kLimit;
  if (reply.status == 422 || reply.status == 501) code = ErrorCode::kUnsupported;
  base::fail(code, state_->server.url + ": " + words);
}

}  // namespace serdab::remote
