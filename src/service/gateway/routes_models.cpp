#include <nlohmann/json.hpp>

#include "service/gateway/internal/bodies.h"
#include "service/gateway/internal/service.h"

namespace serdab::gateway {
namespace {

using nlohmann::json;

json tensor(const char* name) { return {{"name", name}, {"datatype", "UINT8"}, {"shape", {-1}}}; }

std::shared_ptr<const ModelCard> card(Service& service, const Exchange& exchange) {
  const std::string& name = exchange.at("model");
  store::check_name("model", name);
  const auto version = exchange.path.find("version");
  return service.catalogue.find(
      name, version == exchange.path.end() ? 0 : version_number(version->second));
}

void list(Service& service, Exchange& exchange) {
  json models = json::array();
  for (const store::ModelRecord& model : service.store.models()) {
    models.push_back({{"name", model.name},
                      {"version", std::to_string(model.version)},
                      {"kind", "inference"},
                      {"program_id", model.program_id}});
  }
  exchange.answer_json(200, json{{"models", models}}.dump());
}

void metadata(Service& service, Exchange& exchange) {
  const auto model = card(service, exchange);
  json versions = json::array();
  for (const store::ModelRecord& record : service.store.models()) {
    if (record.name == model->name) versions.push_back(std::to_string(record.version));
  }
  exchange.answer_json(200, json{{"name", model->name},
                                 {"versions", versions},
                                 {"version", std::to_string(model->version)},
                                 {"platform", "serdab-ckks"},
                                 {"inputs", {tensor("query")}},
                                 {"outputs", {tensor("answer")}},
                                 {"parameters", json::parse(model->parameters)}}
                                .dump());
}

void ready(Service& service, Exchange& exchange) {
  const auto model = card(service, exchange);
  exchange.answer_json(200, json{{"name", model->name}, {"ready", service.desk.ready()}}.dump());
}

void client(Service& service, Exchange& exchange) {
  const auto model = card(service, exchange);
  exchange.answer_file(service.store.layout().client(model->name, model->version),
                       "application/octet-stream");
}

}  // namespace

std::uint32_t version_number(const std::string& text) {
  return static_cast<std::uint32_t>(read_number("version", text, 1'000'000'000));
}

void add_model_routes(Service& service) {
  Router& router = service.router;
  router.add("GET", "/v2/models", Access::kTenant,
             [&](Exchange& exchange) { list(service, exchange); });
  for (const std::string model : {"/v2/models/{model}", "/v2/models/{model}/versions/{version}"}) {
    router.add("GET", model, Access::kTenant,
               [&](Exchange& exchange) { metadata(service, exchange); });
    router.add("GET", model + "/ready", Access::kTenant,
               [&](Exchange& exchange) { ready(service, exchange); });
    router.add("GET", model + "/client", Access::kTenant,
               [&](Exchange& exchange) { client(service, exchange); });
  }
}

}  // namespace serdab::gateway
