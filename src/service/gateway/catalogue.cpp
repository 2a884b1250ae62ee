#include "service/gateway/internal/catalogue.h"

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/hex.h"
#include "networks/program/package.h"
#include "service/gateway/internal/failure.h"
#include "service/wire/file.h"

namespace serdab::gateway {
namespace {

using nlohmann::json;

// A query's file may differ from the planned size by its header.
constexpr std::uint64_t kSlack = 4096;

program::ClientBundle read_bundle(const std::string& path) {
  const auto bytes = wire::read_file(path, wire::payload_limit(wire::FileKind::kClientBundle));
  base::ByteReader in(wire::open_payload(wire::FileKind::kClientBundle, bytes, path), path);
  program::ClientBundle bundle = program::read_client_bundle(in);
  in.finish();
  return bundle;
}

json read_plan(const std::string& path) {
  const auto bytes = wire::read_file(path, std::uint64_t{1} << 24);
  json plan = json::parse(bytes, nullptr, false);
  if (!plan.is_object()) base::fail(base::ErrorCode::kCorrupt, path + ": is no plan");
  return plan;
}

std::shared_ptr<const ModelCard> read_card(const store::Layout& layout,
                                           const store::ModelRecord& record) {
  const program::ClientBundle bundle = read_bundle(layout.client(record.name, record.version));
  const json plan = read_plan(layout.plan(record.name, record.version));
  const auto parameters = ckks_params::Parameters::create(bundle.parameters);
  auto card = std::make_shared<ModelCard>();
  card->name = record.name;
  card->version = record.version;
  card->program_id = base::to_hex(bundle.program_id);
  card->parameter_id = base::to_hex(parameters.id());
  card->query_bytes = plan.at("query_bytes").get<std::uint64_t>() + kSlack;
  card->seconds = plan.at("seconds").get<double>();
  card->parameters = json{{"input_shape", bundle.manifest.input_shape},
                          {"input_low", bundle.manifest.input_low},
                          {"input_high", bundle.manifest.input_high},
                          {"outputs", program::outputs(bundle)},
                          {"classes", bundle.manifest.classes},
                          {"images_per_query", program::images_per_query(bundle)},
                          {"n", parameters.n()},
                          {"log_qp", parameters.log_qp()},
                          {"security_bits", ckks_params::security_bits(parameters.security())},
                          {"query_bytes", plan.at("query_bytes")},
                          {"answer_bytes", plan.at("answer_bytes")},
                          {"evaluation_key_bytes", plan.at("eval_key_bytes")},
                          {"predicted_seconds", card->seconds},
                          {"precision_bits", plan.at("precision_bits")},
                          {"program_id", card->program_id},
                          {"parameter_id", card->parameter_id}}
                         .dump();
  return card;
}

}  // namespace

std::shared_ptr<const ModelCard> Catalogue::find(const std::string& name, std::uint32_t version) {
  const auto record = store_.model(name, version);
  if (!record) {
    refuse(404, "model",
           "there is no model '" + name + "'" +
               (version == 0 ? "" : " of version " + std::to_string(version)) +
               "; GET /v2/models lists those that are there");
  }
  const std::string key =
      record->name + "/" + std::to_string(record->version) + "/" + record->program_id;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = cards_.find(key); found != cards_.end()) return found->second;
  }
  std::shared_ptr<const ModelCard> card;
  try {
    card = read_card(store_.layout(), *record);
  } catch (const json::exception& error) {
    base::fail(base::ErrorCode::kIo, name + ": its plan cannot be read: " + error.what());
  }
  const std::lock_guard lock(mutex_);
  return cards_.emplace(key, std::move(card)).first->second;
}

}  // namespace serdab::gateway
