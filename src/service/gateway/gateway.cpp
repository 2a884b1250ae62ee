#include "service/gateway/gateway.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/base/error.h"
#include "service/gateway/internal/bodies.h"
#include "service/gateway/internal/failure.h"
#include "service/gateway/internal/service.h"

namespace serdab::gateway {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr std::size_t kMostPath = 512;
constexpr double kSweepSeconds = 600;

bool takes_body(const std::string& method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

std::string bearer(const httplib::Request& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string header = request.get_header_value("Authorization");
  if (header.rfind(kScheme, 0) != 0) return {};
  return header.substr(kScheme.size());
}

/// Of the request that this thread serves: between its head and its log line.
struct Current {
  Clock::time_point start;
  std::string id, route, tenant, kind;
  std::uint64_t bytes_in = 0;
};
thread_local Current current;

}  // namespace

struct Gateway::State {
  State(store::Store& store, const QueueMaker& make, const work::Runner* runner,
        const Options& given)
      : options(given), service(store, runner, options) {
    add_health_routes(service);
    add_model_routes(service);
    add_key_routes(service);
    add_infer_route(service);
    add_job_routes(service);
    add_training_routes(service);
    add_page_routes(service);
    queue = make(service.desk.listener());
    service.desk.use(*queue);
    set_handlers();
    port = service.http.bind();
  }
  // The queue's threads end before what they tell things to.
  ~State() { queue->shutdown(); }

  void log(json line) const {
    if (!options.log) return;
    options.log(line.dump(-1, ' ', false, json::error_handler_t::replace));
  }

  // ---- One request ----

  static void fail(const Failure& failure, httplib::Response& response) {
    current.kind = failure.kind();
    response.status = failure.status();
    if (failure.retry_after()) {
      response.set_header("Retry-After", std::to_string(*failure.retry_after()));
    }
    response.set_content(json{{"error", failure.what()}, {"kind", failure.kind()}}.dump(
                             -1, ' ', false, json::error_handler_t::replace) +
                             "\n",
                         "application/json");
  }

  // Runs a handler; whatever it throws becomes the response, and what concerns the server alone
  // goes to its log.
  template <typename F>
  void guarded(httplib::Response& response, F&& f) {
    try {
      f();
    } catch (const Failure& failure) {
      fail(failure, response);
    } catch (const base::Error& error) {
      if (error.code() == base::ErrorCode::kIo) {
        log({{"event", "storage"}, {"request", current.id}, {"error", error.what()}});
      }
      fail(Failure::from(error), response);
    } catch (const std::exception& error) {
      log({{"event", "internal"}, {"request", current.id}, {"error", error.what()}});
      fail(Failure(500, "internal",
                   "internal error; the server's log has it as request " + current.id),
           response);
    }
  }

  void identify(const httplib::Request& request, Exchange& exchange) {
    const std::string token = bearer(request);
    if (token.empty()) {
      exchange.response.set_header("WWW-Authenticate", "Bearer");
      refuse(401, "token", "an access token is missing: 'Authorization: Bearer TOKEN'");
    }
    const auto tenant = service.store.authenticate(token);
    if (!tenant) {
      exchange.response.set_header("WWW-Authenticate", "Bearer error=\"invalid_token\"");
      refuse(401, "token", "this access token is unknown, revoked or expired");
    }
    exchange.tenant = *tenant;
    current.tenant = tenant->name;
  }

  void dispatch(const httplib::Request& request, httplib::Response& response,
                const httplib::ContentReader* content) {
    Exchange exchange(request, response, content);
    guarded(response, [&] {
      auto found = service.router.find(request.method, request.path);
      if (found.route == nullptr) {
        if (found.allowed.empty()) {
          refuse(404, "path", "there is nothing here; /v2/openapi.json describes what there is");
        }
        response.set_header("Allow", found.allowed);
        refuse(405, "method", "only " + found.allowed + " can be done here");
      }
      current.route = found.route->path;
      exchange.path = std::move(found.path);
      if (found.route->access == Access::kTenant) {
        identify(request, exchange);
        service.limits.count_request(exchange.tenant);
      }
      if (service.http.stopping() && takes_body(request.method)) {
        throw Failure::busy(503, "stopping", "the server is shutting down", 5);
      }
      found.route->handle(exchange);
    });
    current.bytes_in = exchange.body_bytes();
    if (exchange.body_waits()) {
      Connection::current()->close_after_response();
      response.set_header("Connection", "close");
    }
    if (response.status >= 400) service.metrics.refused(current.kind);
  }

  // A client that asks before it sends: bodies that would be refused are not asked for.
  int expect(const httplib::Request& request, httplib::Response& response) {
    Connection::current()->head_done();
    current = {};
    current.start = Clock::now();
    current.id = store::new_id().substr(0, 12);
    guarded(response, [&] {
      const auto found = service.router.find(request.method, request.path);
      if (found.route == nullptr) refuse(404, "path", "there is nothing here");
      Exchange exchange(request, response, nullptr);
      if (found.route->access == Access::kTenant) identify(request, exchange);
    });
    if (response.status <= 0) return 100;
    Connection::current()->close_after_response();
    return response.status;
  }

  // Before any body is read.
  httplib::Server::HandlerResponse begin(const httplib::Request& request,
                                         httplib::Response& response) {
    Connection::current()->head_done();
    current = {};
    current.start = Clock::now();
    current.id = store::new_id().substr(0, 12);
    response.set_header("X-Request-Id", current.id);
    response.set_header("X-Content-Type-Options", "nosniff");
    response.set_header("Referrer-Policy", "no-referrer");
    guarded(response, [&] {
      if (request.path.size() > kMostPath) refuse(414, "path", "the path is too long");
      const bool known = takes_body(request.method) || request.method == "GET" ||
                         request.method == "HEAD" || request.method == "DELETE" ||
                         request.method == "OPTIONS";
      const bool body =
          request.has_header("Content-Length") || request.has_header("Transfer-Encoding");
      if (!known) refuse(501, "method", "this method is not implemented");
      if (request.has_header("Transfer-Encoding")) {
        refuse(411, "length", "Content-Length is wanted, not Transfer-Encoding");
      }
      if (body && !takes_body(request.method) &&
          request.get_header_value("Content-Length") != "0") {
        refuse(400, "invalid", request.method + " takes no body");
      }
    });
    if (response.status <= 0) return httplib::Server::HandlerResponse::Unhandled;
    Connection::current()->close_after_response();
    response.set_header("Connection", "close");
    return httplib::Server::HandlerResponse::Handled;
  }

  void end(const httplib::Request& request, const httplib::Response& response) {
    if (current.id.empty()) {  // no request came of it
      service.metrics.refused("malformed");
      return log({{"event", "malformed"}, {"status", response.status}});
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - current.start).count();
    const std::string route = current.route.empty() ? "none" : current.route;
    const std::uint64_t out =
        response.body.empty() ? response.content_length_ : response.body.size();
    service.metrics.request(route, request.method, response.status, seconds);
    service.metrics.moved(current.bytes_in, out);
    json line = {{"event", "request"},           {"request", current.id},
                 {"method", request.method},     {"route", route},
                 {"status", response.status},    {"seconds", seconds},
                 {"bytes_in", current.bytes_in}, {"bytes_out", out},
                 {"from", request.remote_addr}};
    if (!current.tenant.empty()) line["tenant"] = current.tenant;
    if (!current.kind.empty()) line["refused"] = current.kind;
    log(std::move(line));
    current = {};
  }

  void set_handlers() {
    using httplib::ContentReader;
    using httplib::Request;
    using httplib::Response;
    HttpServer& http = service.http;
    const auto plain = [this](const Request& request, Response& response) {
      dispatch(request, response, nullptr);
    };
    const auto reading = [this](const Request& request, Response& response,
                                const ContentReader& content) {
      dispatch(request, response, &content);
    };
    http.Get(".*", plain);
    http.Delete(".*", plain);
    http.Options(".*", plain);
    http.Post(".*", reading);
    http.Put(".*", reading);
    http.Patch(".*", reading);
    http.set_pre_routing_handler(
        [this](const Request& request, Response& response) { return begin(request, response); });
    http.set_expect_100_continue_handler(
        [this](const Request& request, Response& response) { return expect(request, response); });
    http.set_logger(
        [this](const Request& request, const Response& response) { end(request, response); });
    http.set_keep_alive_timeout(static_cast<time_t>(options.idle_seconds));
    http.set_keep_alive_max_count(1'000'000);
    http.set_payload_max_length(std::numeric_limits<std::size_t>::max());
  }

  // ---- Beside the requests ----

  void tend() {
    auto swept = Clock::now() - std::chrono::hours(1);
    std::unique_lock lock(mutex);
    while (!stopped) {
      lock.unlock();
      try {
        service.desk.feed_all();
        if (Clock::now() - swept >= std::chrono::duration<double>(kSweepSeconds)) {
          swept = Clock::now();
          const store::Store::Swept gone = service.store.sweep();
          log({{"event", "sweep"},
               {"keys", gone.keys},
               {"uploads", gone.uploads},
               {"jobs", gone.jobs},
               {"strays", gone.strays}});
        }
      } catch (const std::exception& error) {
        log({{"event", "storage"}, {"error", error.what()}});
      }
      lock.lock();
      wake.wait_for(lock, std::chrono::seconds(1), [this] { return stopped; });
    }
  }

  void serve() {
    log({{"event", "listening"},
         {"host", options.host},
         {"port", port},
         {"tls", !options.certificate.empty()}});
    std::thread tending([this] { tend(); });
    service.http.listen_after_bind();  // until stop(), and until the last request has ended
    {
      const std::lock_guard lock(mutex);
      stopped = true;
    }
    wake.notify_all();
    tending.join();
    queue->shutdown();
    log({{"event", "stopped"}});
  }

  const Options options;
  Service service;
  std::unique_ptr<work::Queue> queue;
  int port = 0;
  std::mutex mutex;
  std::condition_variable wake;
  bool stopped = false;
};

Gateway::Gateway(store::Store& store, const QueueMaker& queue, const work::Runner* runner,
                 const Options& options)
    : state_(std::make_unique<State>(store, queue, runner, options)) {}
Gateway::~Gateway() = default;

int Gateway::port() const { return state_->port; }
void Gateway::serve() { state_->serve(); }
void Gateway::stop() { state_->service.http.begin_stop(); }

}  // namespace serdab::gateway
