#include <algorithm>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "service/gateway/internal/append_file.h"
#include "service/gateway/internal/bodies.h"
#include "service/gateway/internal/failure.h"
#include "service/gateway/internal/service.h"
#include "service/server/step_folder.h"
#include "service/wire/file.h"

namespace serdab::gateway {
namespace {

using nlohmann::json;
using store::JobKind;
using store::JobRecord;
using store::JobState;

constexpr std::uint64_t kMostFile = std::uint64_t{4} << 30;

server::StepFolder folder_of(Service& service, const JobRecord& job) {
  return server::StepFolder(service.store.layout().training_folder(job.id));
}

// What a client brings before a run starts: step.sdb, keys.sdk, state.sdb and data-000.sdb on.
bool is_run_file(const std::string& name) {
  if (name == "step.sdb" || name == "keys.sdk" || name == "state.sdb") return true;
  return name.size() >= 12 && name.size() <= 15 && name.rfind("data-", 0) == 0 &&
         name.substr(name.size() - 4) == ".sdb" &&
         std::all_of(name.begin() + 5, name.end() - 4,
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

JobRecord own_run(Service& service, const Exchange& exchange) {
  return own_job(service, exchange, JobKind::kTraining);
}

void wants(const JobRecord& job, std::initializer_list<JobState> states, const char* what) {
  if (std::find(states.begin(), states.end(), job.state) != states.end()) return;
  refuse(409, "state", std::string("the run is ") + store::job_state_name(job.state) + ": " + what);
}

void create(Service& service, Exchange& exchange) {
  JobRecord job;
  job.kind = JobKind::kTraining;
  job = service.store.add_job(exchange.tenant, job);
  const std::string path = service.store.layout().training_folder(job.id);
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) base::fail(base::ErrorCode::kIo, path + ": " + error.message());
  exchange.response.set_header("Location", "/v2/training/" + job.id);
  exchange.answer_json(201, job_status(service, job));
}

std::string run_file(const server::StepFolder& folder, const Exchange& exchange) {
  const std::string& name = exchange.at("file");
  if (!is_run_file(name)) {
    refuse(404, "file", "a run has the files step.sdb, keys.sdk, state.sdb, data-000.sdb and on");
  }
  return folder.path + "/" + name;
}

std::string arriving(const std::string& path) { return path + ".arriving"; }

void put_file(Service& service, Exchange& exchange) {
  const JobRecord job = own_run(service, exchange);
  wants(job, {JobState::kOpen}, "its files cannot be changed any more");
  const std::string path = run_file(folder_of(service, job), exchange);
  const Limits::Place place = service.limits.enter(exchange.tenant);
  const Uploads::Hold hold(service.uploads, path);
  std::error_code missing;
  const auto size = std::filesystem::file_size(arriving(path), missing);
  const std::uint64_t arrived = missing ? 0 : size;
  // Piece by piece: a total that was announced binds nobody. What does not follow is refused
  // anyway.
  const auto begin = [&](std::uint64_t, std::uint64_t first) {
    if (first != arrived) return;
    service.store.charge_job(exchange.tenant, job.id, exchange.content_length(kMostFile));
  };
  if (!take_upload(exchange, arriving(path), kMostFile, begin)) return;
  std::filesystem::rename(arriving(path), path);
  exchange.answer_json(
      201, json{{"file", exchange.at("file")}, {"bytes", std::filesystem::file_size(path)}}.dump());
}

void describe_file(Service& service, Exchange& exchange) {
  const JobRecord job = own_run(service, exchange);
  const std::string path = run_file(folder_of(service, job), exchange);
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(path, missing);
  if (!missing) {
    return exchange.answer_json(200, json{{"file", exchange.at("file")}, {"bytes", bytes}}.dump());
  }
  const auto offset = std::filesystem::file_size(arriving(path), missing);
  if (!missing) exchange.response.set_header("Upload-Offset", std::to_string(offset));
  refuse(404, "file", "this file has not arrived");
}

void start(Service& service, Exchange& exchange) {
  const std::uint64_t steps = read_steps_request(exchange.read_json_body());
  const JobRecord job = own_run(service, exchange);
  wants(job, {JobState::kOpen, JobState::kDone, JobState::kWaiting}, "it cannot be started");
  const server::StepFolder folder = folder_of(service, job);
  for (const std::string& file : {folder.step, folder.keys, folder.state, folder.data(0)}) {
    if (std::filesystem::exists(file)) continue;
    refuse(409, "file",
           std::filesystem::path(file).filename().string() +
               ": has not arrived; PUT it under files/ first");
  }
  if (!service.store.set_steps(job.id, job.steps_done + steps)) {
    refuse(409, "state", "the run ended meanwhile");
  }
  // A spent state waits for its refresh, however many steps are asked for.
  const bool waits =
      std::filesystem::exists(folder.request) && !std::filesystem::exists(folder.answer);
  service.store.update_job(job.id, waits ? JobState::kWaiting : JobState::kRunning, job.steps_done,
                           "");
  service.desk.feed(own_run(service, exchange));
  exchange.answer_json(202, job_status(service, own_run(service, exchange)));
}

void refresh_request(Service& service, Exchange& exchange) {
  const JobRecord job = own_run(service, exchange);
  const server::StepFolder folder = folder_of(service, job);
  if (!std::filesystem::exists(folder.request)) {
    refuse(404, "refresh", "no refresh is due");
  }
  exchange.response.set_header("Serdab-Step", std::to_string(job.steps_done));
  exchange.answer_file(folder.request, "application/octet-stream");
}

void put_refresh(Service& service, Exchange& exchange) {
  const JobRecord job = own_run(service, exchange);
  wants(job, {JobState::kWaiting, JobState::kDone}, "no refresh is due");
  const server::StepFolder folder = folder_of(service, job);
  const Limits::Place place = service.limits.enter(exchange.tenant);
  const Uploads::Hold hold(service.uploads, folder.answer);
  if (!std::filesystem::exists(folder.request)) refuse(409, "refresh", "no refresh is due");
  // No larger than the request it answers, but for its header.
  const std::uint64_t most = std::filesystem::file_size(folder.state) * 4 + 4096;
  NewFile file(folder.answer);
  std::vector<std::uint8_t> head;
  exchange.read_body(most, [&](const char* data, std::size_t size) {
    if (head.size() < wire::kHeaderBytes) {
      head.insert(head.end(), data, data + std::min(size, wire::kHeaderBytes - head.size()));
    }
    file.write(data, size);
  });
  check_whole(wire::FileKind::kRefreshAnswer, head, exchange.body_bytes(), "refresh");
  file.keep();
  if (job.state == JobState::kWaiting) {
    service.store.update_job(job.id, JobState::kRunning, job.steps_done, "");
    service.desk.feed(own_run(service, exchange));
  }
  exchange.answer_json(202, job_status(service, own_run(service, exchange)));
}

void state(Service& service, Exchange& exchange) {
  const JobRecord job = own_run(service, exchange);
  exchange.response.set_header("Serdab-Step", std::to_string(job.steps_done));
  exchange.answer_file(folder_of(service, job).state, "application/octet-stream");
}

void remove(Service& service, Exchange& exchange) {
  const JobRecord job = own_run(service, exchange);
  service.store.remove_job(job.tenant, job.id);
  service.desk.cancel(job.id);
  exchange.no_content();
}

}  // namespace

void add_training_routes(Service& service) {
  Router& router = service.router;
  const auto add = [&](const char* method, const char* path, void (*handle)(Service&, Exchange&)) {
    router.add(method, path, Access::kTenant,
               [&service, handle](Exchange& exchange) { handle(service, exchange); });
  };
  add("POST", "/v2/training", create);
  add("GET", "/v2/training/{job}", [](Service& s, Exchange& exchange) {
    exchange.answer_json(200, job_status(s, own_run(s, exchange)));
  });
  add("DELETE", "/v2/training/{job}", remove);
  add("GET", "/v2/training/{job}/events",
      [](Service& s, Exchange& exchange) { stream_events(s, exchange, own_run(s, exchange)); });
  add("GET", "/v2/training/{job}/files/{file}", describe_file);
  add("PUT", "/v2/training/{job}/files/{file}", put_file);
  add("POST", "/v2/training/{job}/start", start);
  add("GET", "/v2/training/{job}/refresh", refresh_request);
  add("PUT", "/v2/training/{job}/refresh", put_refresh);
  add("GET", "/v2/training/{job}/state", state);
}

}  // namespace serdab::gateway
