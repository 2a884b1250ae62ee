#include <nlohmann/json.hpp>

#include "service/gateway/internal/failure.h"
#include "service/gateway/internal/service.h"

namespace serdab::gateway {
namespace {

using nlohmann::json;

json key_json(const store::KeyRecord& key, const store::Quota& quota) {
  return {{"key", key.digest},
          {"key_id", key.key_id},
          {"parameter_id", key.parameter_id},
          {"bytes", key.bytes},
          {"added", key.added},
          {"expires", key.last_used + quota.key_days * 86400}};
}

void list(Service& service, Exchange& exchange) {
  json keys = json::array();
  std::uint64_t bytes = 0;
  for (const store::KeyRecord& key : service.store.keys(exchange.tenant.name)) {
    keys.push_back(key_json(key, exchange.tenant.quota));
    bytes += key.bytes;
  }
  exchange.answer_json(
      200, json{{"keys", keys}, {"bytes", bytes}, {"quota_bytes", exchange.tenant.quota.key_bytes}}
               .dump());
}

void describe(Service& service, Exchange& exchange) {
  const std::string& digest = exchange.at("key");
  store::check_digest(digest);
  if (const auto key = service.store.key(exchange.tenant.name, digest)) {
    return exchange.answer_json(200, key_json(*key, exchange.tenant.quota).dump());
  }
  if (const std::uint64_t offset = service.store.upload_offset(exchange.tenant.name, digest)) {
    exchange.response.set_header("Upload-Offset", std::to_string(offset));
  }
  refuse(404, "key", "there are no such evaluation keys of this tenant");
}

void upload(Service& service, Exchange& exchange) {
  const std::string& digest = exchange.at("key");
  store::check_digest(digest);
  const store::Tenant& tenant = exchange.tenant;
  const std::string path = service.store.layout().upload(tenant.name, digest);
  const Limits::Place place = service.limits.enter(tenant);
  const Uploads::Hold hold(service.uploads, path);
  if (const auto key = service.store.key(tenant.name, digest)) {
    return exchange.answer_json(200, key_json(*key, tenant.quota).dump());
  }
  const auto begin = [&](std::uint64_t total, std::uint64_t) {
    service.store.begin_upload(tenant, digest, total);
  };
  const bool whole = take_upload(exchange, path, service.options.upload_bytes, begin);
  if (!whole) return;
  exchange.answer_json(201,
                       key_json(service.store.finish_upload(tenant, digest), tenant.quota).dump());
}

void remove(Service& service, Exchange& exchange) {
  const std::string& digest = exchange.at("key");
  store::check_digest(digest);
  const std::string& tenant = exchange.tenant.name;
  const Uploads::Hold hold(service.uploads, service.store.layout().upload(tenant, digest));
  const bool unfinished = service.store.upload_offset(tenant, digest) > 0;
  if (unfinished) service.store.abandon_upload(tenant, digest);
  if (!service.store.remove_key(tenant, digest) && !unfinished) {
    refuse(404, "key", "there are no such evaluation keys of this tenant");
  }
  exchange.no_content();
}

}  // namespace

void add_key_routes(Service& service) {
  Router& router = service.router;
  router.add("GET", "/v2/keys", Access::kTenant,
             [&](Exchange& exchange) { list(service, exchange); });
  router.add("GET", "/v2/keys/{key}", Access::kTenant,
             [&](Exchange& exchange) { describe(service, exchange); });
  router.add("PUT", "/v2/keys/{key}", Access::kTenant,
             [&](Exchange& exchange) { upload(service, exchange); });
  router.add("DELETE", "/v2/keys/{key}", Access::kTenant,
             [&](Exchange& exchange) { remove(service, exchange); });
}

}  // namespace serdab::gateway
