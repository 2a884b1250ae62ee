#include <nlohmann/json.hpp>

#include "service/gateway/internal/failure.h"
#include "service/gateway/internal/service.h"

extern "C" const char serdab_gateway_openapi[];
extern "C" const char serdab_gateway_openapi_end[];

namespace serdab::gateway {
namespace {

using nlohmann::json;

void live(Exchange& exchange) { exchange.answer_json(200, R"({"live": true})"); }

void ready(Service& service, Exchange& exchange) {
  if (service.http.stopping()) {
    throw Failure::busy(503, "stopping", "the server is shutting down", 5);
  }
  if (!service.desk.ready()) {
    throw Failure::busy(503, "queue", "the queue of the workers cannot be reached", 5);
  }
  exchange.answer_json(200, R"({"ready": true})");
}

void about(Service& service, Exchange& exchange) {
  exchange.answer_json(
      200, json{{"name", "serdab"},
                {"version", service.options.software_version},
                {"extensions", {"binary_tensor_data", "evaluation_keys", "jobs", "training"}}}
               .dump());
}

void metrics(Service& service, Exchange& exchange) {
  const std::string& from = exchange.request.remote_addr;
  const bool loopback =
      from == "::1" || from.rfind("127.", 0) == 0 || from.rfind("::ffff:127.", 0) == 0;
  const MetricsAccess access = service.options.metrics;
  if (access == MetricsAccess::kOff || (access == MetricsAccess::kLoopback && !loopback)) {
    refuse(403, "forbidden", "metrics are not for this address");
  }
  Metrics::Now now;
  now.pending = service.desk.pending();
  now.connections = service.http.connections();
  now.refused_connections = service.http.refused_connections();
  now.event_streams = service.event_streams;
  now.stored = service.store.totals();
  now.runner = service.runner;
  exchange.response.status = 200;
  exchange.response.set_content(service.metrics.text(now), "text/plain; version=0.0.4");
}

void openapi(Exchange& exchange) {
  exchange.response.status = 200;
  exchange.response.set_content(
      serdab_gateway_openapi,
      static_cast<std::size_t>(serdab_gateway_openapi_end - serdab_gateway_openapi),
      "application/json");
}

}  // namespace

void add_health_routes(Service& service) {
  Router& router = service.router;
  router.add("GET", "/v2/health/live", Access::kOpen, live);
  router.add("GET", "/v2/health/ready", Access::kOpen,
             [&](Exchange& exchange) { ready(service, exchange); });
  router.add("GET", "/v2", Access::kOpen, [&](Exchange& exchange) { about(service, exchange); });
  router.add("GET", "/v2/openapi.json", Access::kOpen, openapi);
  router.add("GET", "/metrics", Access::kOpen,
             [&](Exchange& exchange) { metrics(service, exchange); });
}

}  // namespace serdab::gateway
