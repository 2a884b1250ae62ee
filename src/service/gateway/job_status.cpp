#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "service/gateway/internal/failure.h"
#include "service/gateway/internal/service.h"

namespace serdab::gateway {
namespace {

using nlohmann::json;
using store::ChunkState;
using store::JobKind;
using store::JobRecord;

// A comment line now and then shows proxies and clients that the stream lives.
constexpr double kHeartbeatSeconds = 10;

Desk::Progress at(const std::map<std::uint32_t, Desk::Progress>& under_way, std::uint32_t index) {
  const auto found = under_way.find(index);
  return found == under_way.end() ? Desk::Progress{} : found->second;
}

void add_batch(Service& service, const JobRecord& job, json& status) {
  const auto under_way = service.desk.progress(job.id);
  double done = 0;
  json chunks = json::array();
  for (const store::ChunkRecord& chunk : service.store.chunks(job.id)) {
    const Desk::Progress now = at(under_way, chunk.index);
    const double share = chunk.state == ChunkState::kDone ? 1 : now.share;
    done += share;
    json entry = {{"index", chunk.index},
                  {"state", store::chunk_state_name(chunk.state)},
                  {"progress", share}};
    if (chunk.state == ChunkState::kDone) entry["compute_seconds"] = chunk.seconds;
    const std::string& error = chunk.error.empty() ? now.trouble : chunk.error;
    if (!error.empty()) entry["error"] = error;
    chunks.push_back(std::move(entry));
  }
  status["model"] = job.model;
  status["version"] = std::to_string(job.version);
  status["chunks_announced"] = job.chunks;
  status["chunks"] = std::move(chunks);
  status["progress"] = job.chunks == 0 ? 0 : done / job.chunks;
}

void add_training(Service& service, const JobRecord& job, json& status) {
  const Desk::Progress step = at(service.desk.progress(job.id), 0);
  status["steps"] = job.steps;
  status["steps_done"] = job.steps_done;
  status["refresh_due"] = job.state == store::JobState::kWaiting;
  const double steps = static_cast<double>(job.steps_done) + step.share;
  status["progress"] = job.steps == 0 ? 0 : std::min(1.0, steps / static_cast<double>(job.steps));
  if (!step.trouble.empty()) status["error"] = step.trouble;
}

}  // namespace

std::string job_status(Service& service, const JobRecord& job) {
  json status = {{"id", job.id},
                 {"kind", job.kind == JobKind::kBatch ? "batch" : "training"},
                 {"state", store::job_state_name(job.state)},
                 {"bytes", job.bytes},
                 {"created", job.created},
                 {"updated", job.updated}};
  if (!job.error.empty()) status["error"] = job.error;
  if (job.kind == JobKind::kBatch) {
    add_batch(service, job, status);
  } else {
    add_training(service, job, status);
  }
  return status.dump();
}

JobRecord own_job(Service& service, const Exchange& exchange, JobKind kind) {
  store::check_id(exchange.at("job"));
  const auto job = service.store.job(exchange.tenant.name, exchange.at("job"));
  if (!job || job->kind != kind) {
    refuse(404, "job",
           kind == JobKind::kBatch ? "there is no such job of this tenant"
                                   : "there is no such training run of this tenant");
  }
  return *job;
}

void stream_events(Service& service, Exchange& exchange, const JobRecord& job) {
  auto place = std::make_shared<Limits::Place>(service.listeners.enter(exchange.tenant));
  if (++service.event_streams > service.options.event_streams) {
    --service.event_streams;
    throw Failure::busy(429, "events", "too many listen to events already; ask for the status", 5);
  }
  struct Stream {
    std::uint64_t seen = 0;
    std::string last;
    double quiet = 0;
  };
  const auto stream = std::make_shared<Stream>();
  const auto next = [&service, stream, tenant = job.tenant, id = job.id](std::size_t,
                                                                         httplib::DataSink& sink) {
    const auto send = [&](const std::string& text) { return sink.write(text.data(), text.size()); };
    const auto now = service.store.job(tenant, id);
    if (!now) {
      send("event: gone\ndata: {}\n\n");
      sink.done();
      return true;
    }
    const std::string status = job_status(service, *now);
    stream->quiet += 1;
    if (status != stream->last) {
      if (!send("event: status\ndata: " + status + "\n\n")) return false;
      stream->last = status;
      stream->quiet = 0;
    } else if (stream->quiet >= kHeartbeatSeconds) {
      if (!send(": still here\n\n")) return false;
      stream->quiet = 0;
    }
    if (finished(now->state) || service.http.stopping()) {
      sink.done();
      return true;
    }
    stream->seen = service.desk.wait_for_change(id, stream->seen, 1);
    return true;
  };
  exchange.response.status = 200;
  exchange.response.set_header("Cache-Control", "no-store");
  exchange.response.set_header("X-Accel-Buffering", "no");
  exchange.response.set_chunked_content_provider(
      "text/event-stream", next, [&service, place](bool) { --service.event_streams; });
}

}  // namespace serdab::gateway
