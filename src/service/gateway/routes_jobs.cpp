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
using store::ChunkState;
using store::JobKind;
using store::JobRecord;
using store::JobState;

// Of a query's file: its own header and the ids.
constexpr std::size_t kHeadBytes = wire::kHeaderBytes + 32 + 32 + 16;

void list(Service& service, Exchange& exchange) {
  json jobs = json::array();
  for (const JobRecord& job : service.store.jobs(exchange.tenant.name)) {
    jobs.push_back({{"id", job.id},
                    {"kind", job.kind == JobKind::kBatch ? "batch" : "training"},
                    {"state", store::job_state_name(job.state)},
                    {"created", job.created},
                    {"updated", job.updated}});
  }
  exchange.answer_json(200, json{{"jobs", jobs}}.dump());
}

void create(Service& service, Exchange& exchange) {
  const BatchRequest request = read_batch_request(exchange.read_json_body());
  const auto card = service.catalogue.find(request.model, request.version);
  JobRecord job;
  job.kind = JobKind::kBatch;
  job.model = card->name;
  job.version = card->version;
  job.chunks = request.chunks;
  job = service.store.add_job(exchange.tenant, job);
  exchange.response.set_header("Location", "/v2/jobs/" + job.id);
  exchange.answer_json(201, job_status(service, job));
}

std::uint32_t chunk_index(const JobRecord& job, const std::string& text) {
  const auto index = read_number("chunk", text, kMostChunks);
  if (index >= job.chunks) {
    refuse(404, "chunk", "the job has chunks 0 to " + std::to_string(job.chunks - 1));
  }
  return static_cast<std::uint32_t>(index);
}

// The body goes to the disk as it comes; its first bytes say whether it belongs here.
void put_chunk(Service& service, Exchange& exchange) {
  const JobRecord job = own_job(service, exchange, JobKind::kBatch);
  const std::uint32_t index = chunk_index(job, exchange.at("chunk"));
  const std::string path = service.store.layout().query(job.id, index);
  const Uploads::Hold hold(service.uploads, path);
  const auto card = service.catalogue.find(job.model, job.version);
  const auto before = service.store.chunk(job.id, index);
  const bool there = before && before->state != ChunkState::kAbsent;
  if (!there && finished(job.state)) {
    refuse(409, "state", std::string("the job is ") + store::job_state_name(job.state));
  }
  const Limits::Place place = service.limits.enter(exchange.tenant);

  NewFile file(path);
  std::vector<std::uint8_t> head;
  exchange.read_body(card->query_bytes, [&](const char* data, std::size_t size) {
    if (head.size() < kHeadBytes) {
      head.insert(head.end(), data, data + std::min(size, kHeadBytes - head.size()));
    }
    file.write(data, size);
  });
  store::ChunkRecord chunk;
  chunk.index = index;
  chunk.state = ChunkState::kQueued;
  chunk.digest = base::to_hex(file.digest());
  if (there) {
    if (chunk.digest != before->digest) {
      refuse(409, "state", "chunk " + std::to_string(index) + " holds other bytes already");
    }
    return exchange.answer_json(200, job_status(service, job));
  }
  check_whole(wire::FileKind::kQuery, head, exchange.body_bytes(), "query");
  chunk.key_digest = key_for(service, exchange, *card, head).digest;
  service.store.charge_job(exchange.tenant, job.id, exchange.body_bytes());
  file.keep();
  service.store.put_chunk(job.id, chunk);
  service.desk.feed(own_job(service, exchange, JobKind::kBatch));
  exchange.answer_json(202, job_status(service, own_job(service, exchange, JobKind::kBatch)));
}

void answer(Service& service, Exchange& exchange) {
  const JobRecord job = own_job(service, exchange, JobKind::kBatch);
  const std::uint32_t index = chunk_index(job, exchange.at("chunk"));
  const auto chunk = service.store.chunk(job.id, index);
  if (!chunk || chunk->state == ChunkState::kAbsent) {
    refuse(404, "chunk", "chunk " + std::to_string(index) + " has not arrived");
  }
  if (chunk->state == ChunkState::kFailed) {
    refuse(409, "failed", "chunk " + std::to_string(index) + " failed: " + chunk->error);
  }
  if (chunk->state != ChunkState::kDone) {
    throw Failure::busy(425, "early", "chunk " + std::to_string(index) + " is not done",
                        service.desk.patience());
  }
  exchange.answer_file(service.store.layout().answer(job.id, index), "application/octet-stream");
}

void remove(Service& service, Exchange& exchange) {
  store::check_id(exchange.at("job"));
  const auto job = service.store.job(exchange.tenant.name, exchange.at("job"));
  if (!job) refuse(404, "job", "there is no such job of this tenant");
  service.store.remove_job(job->tenant, job->id);
  service.desk.cancel(job->id);
  exchange.no_content();
}

}  // namespace

void add_job_routes(Service& service) {
  Router& router = service.router;
  router.add("GET", "/v2/jobs", Access::kTenant,
             [&](Exchange& exchange) { list(service, exchange); });
  router.add("POST", "/v2/jobs", Access::kTenant,
             [&](Exchange& exchange) { create(service, exchange); });
  router.add("GET", "/v2/jobs/{job}", Access::kTenant, [&](Exchange& exchange) {
    exchange.answer_json(200, job_status(service, own_job(service, exchange, JobKind::kBatch)));
  });
  router.add("DELETE", "/v2/jobs/{job}", Access::kTenant,
             [&](Exchange& exchange) { remove(service, exchange); });
  router.add("GET", "/v2/jobs/{job}/events", Access::kTenant, [&](Exchange& exchange) {
    stream_events(service, exchange, own_job(service, exchange, JobKind::kBatch));
  });
  router.add("PUT", "/v2/jobs/{job}/chunks/{chunk}", Access::kTenant,
             [&](Exchange& exchange) { put_chunk(service, exchange); });
  router.add("GET", "/v2/jobs/{job}/chunks/{chunk}/answer", Access::kTenant,
             [&](Exchange& exchange) { answer(service, exchange); });
}

}  // namespace serdab::gateway
