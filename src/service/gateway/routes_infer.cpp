#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/base/hex.h"
#include "service/gateway/internal/append_file.h"
#include "service/gateway/internal/bodies.h"
#include "service/gateway/internal/failure.h"
#include "service/gateway/internal/service.h"
#include "service/wire/file.h"
#include "service/wire/message.h"

namespace serdab::gateway {
namespace {

using nlohmann::json;

// Larger queries (batches) are jobs: their bytes go to the disk as they come.
constexpr std::uint64_t kMostInferBytes = std::uint64_t{64} << 20;

/// A task's folder, gone with it.
class Folder {
 public:
  explicit Folder(const std::string& path) : path_(path) {
    std::error_code error;
    std::filesystem::create_directories(path_, error);
    if (error) base::fail(base::ErrorCode::kIo, path_ + ": " + error.message());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

 private:
  std::string path_;
};

std::uint64_t head_length(const Exchange& exchange) {
  constexpr const char* kHeader = "Inference-Header-Content-Length";
  if (!exchange.request.has_header(kHeader)) {
    // The protocol's JSON alone cannot carry ciphertexts; bytes alone need no header.
    if (exchange.request.get_header_value("Content-Type") == "application/octet-stream") return 0;
    refuse(400, "invalid",
           std::string(kHeader) + ": is missing; 0 says that the body is the query alone");
  }
  return read_number(kHeader, exchange.request.get_header_value(kHeader), kMostInferBytes);
}

std::uint64_t most_bytes(const ModelCard& card) {
  if (card.query_bytes > kMostInferBytes) {
    refuse(413, "size",
           "queries of model '" + card.name + "' have some " + std::to_string(card.query_bytes) +
               " bytes: too much to wait for; send them as the chunks of a job");
  }
  return card.query_bytes + kMostJson;
}

void check_ending(const work::Outcome& outcome) {
  if (outcome.ending == work::Ending::kDone) return;
  if (outcome.ending == work::Ending::kCancelled) {
    throw Failure::busy(503, "cancelled", "the work was cancelled", 1);
  }
  base::fail(outcome.code, outcome.error);
}

void respond(Exchange& exchange, const ModelCard& card, const InferRequest& request,
             const work::Outcome& outcome, std::vector<std::uint8_t>&& answer) {
  exchange.response.set_header("Serdab-Compute-Seconds", std::to_string(outcome.seconds));
  if (request.raw_answer) {
    exchange.response.set_header("Inference-Header-Content-Length", "0");
    return exchange.answer_bytes(std::move(answer), "application/octet-stream");
  }
  json head = {{"model_name", card.name},
               {"model_version", std::to_string(card.version)},
               {"outputs",
                {{{"name", "answer"},
                  {"datatype", "UINT8"},
                  {"shape", {answer.size()}},
                  {"parameters", {{"binary_data_size", answer.size()}}}}}},
               {"parameters",
                {{"images", outcome.images},
                 {"compute_seconds", outcome.seconds},
                 {"load_seconds", outcome.load_seconds}}}};
  if (!request.id.empty()) head["id"] = request.id;
  const std::string text = head.dump();
  exchange.response.set_header("Inference-Header-Content-Length", std::to_string(text.size()));
  std::vector<std::uint8_t> body(text.begin(), text.end());
  body.insert(body.end(), answer.begin(), answer.end());
  exchange.answer_bytes(std::move(body), "application/octet-stream");
}

void infer(Service& service, Exchange& exchange) {
  const std::string& name = exchange.at("model");
  store::check_name("model", name);
  const auto version = exchange.path.find("version");
  const auto card = service.catalogue.find(
      name, version == exchange.path.end() ? 0 : version_number(version->second));
  const Limits::Place place = service.limits.enter(exchange.tenant);
  const auto body = exchange.read_body(most_bytes(*card));
  const InferRequest request = read_infer_request(body, head_length(exchange));
  check_whole(wire::FileKind::kQuery, request.query, request.query.size(), "query");

  work::Task task;
  task.kind = work::TaskKind::kInfer;
  task.tenant = exchange.tenant.name;
  task.job = store::new_id();
  task.model = card->name;
  task.version = card->version;
  task.key = key_for(service, exchange, *card, request.query).digest;

  const store::Layout& layout = service.store.layout();
  const Folder folder(layout.job_folder(task.job));
  {
    NewFile file(layout.query(task.job, 0));
    file.write(reinterpret_cast<const char*>(request.query.data()), request.query.size());
    file.keep(false);  // whoever asked asks again
  }
  const work::Outcome outcome = service.desk.infer(task, service.options.infer_seconds, [&] {
    return Connection::current()->gone() || service.http.overdue();
  });
  check_ending(outcome);
  respond(
      exchange, *card, request, outcome,
      wire::read_file(layout.answer(task.job, 0), wire::payload_limit(wire::FileKind::kAnswer)));
}

}  // namespace

store::KeyRecord key_for(Service& service, const Exchange& exchange, const ModelCard& card,
                         std::span<const std::uint8_t> query) {
  const wire::QueryIds ids = wire::peek_query(query, "query");
  if (base::to_hex(ids.program_id) != card.program_id) {
    refuse(409, "mismatch",
           "query: was made for program " + wire::short_id(ids.program_id) + ", the model has " +
               card.program_id.substr(0, 16) + "; fetch its client bundle again");
  }
  const auto key = service.store.use_key(exchange.tenant.name, base::to_hex(ids.key_id),
                                         base::to_hex(ids.parameter_id));
  if (!key) {
    refuse(412, "key",
           "the evaluation keys of this query's key " + wire::short_id(ids.key_id) +
               " are not here; upload them first (PUT /v2/keys/{sha256})");
  }
  return *key;
}

void add_infer_route(Service& service) {
  for (const char* path :
       {"/v2/models/{model}/infer", "/v2/models/{model}/versions/{version}/infer"}) {
    service.router.add("POST", path, Access::kTenant,
                       [&](Exchange& exchange) { infer(service, exchange); });
  }
}

}  // namespace serdab::gateway
