#include "service/remote/session.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/hex.h"
#include "engine/base/sha256.h"
#include "service/remote/internal/http_client.h"

namespace serdab::remote {
namespace {

using nlohmann::json;

constexpr std::size_t kPiece = std::size_t{8} << 20;
constexpr const char* kBytes = "application/octet-stream";

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

// What a server says is bytes from outside as well.
template <typename F>
auto guarded(F&& f) {
  try {
    return f();
  } catch (const json::exception& error) {
    base::fail(base::ErrorCode::kCorrupt,
               std::string("the server's reply is not what was agreed on: ") + error.what());
  }
}

RemoteJob read_job(const std::string& text) {
  const json status = json::parse(text);
  RemoteJob job;
  job.json = text;
  job.id = status.at("id");
  job.kind = status.at("kind");
  job.state = status.at("state");
  job.error = status.value("error", "");
  job.progress = status.value("progress", 0.0);
  job.steps = status.value("steps", std::uint64_t{0});
  job.steps_done = status.value("steps_done", std::uint64_t{0});
  for (const json& chunk : status.value("chunks", json::array())) {
    job.chunks.push_back({chunk.at("index"), chunk.at("state"), chunk.value("error", "")});
  }
  return job;
}

std::string path_of(const RemoteJob& job) {
  return (job.kind == "training" ? "/v2/training/" : "/v2/jobs/") + job.id;
}

}  // namespace

struct Session::State {
  State(const ServerAddress& server, StopFunction stop) : http(server, std::move(stop)) {}

  // A reply of success; the server's words otherwise.
  Reply expect(const Asked& asked) {
    Reply reply = http.ask(asked);
    if (reply.status < 200 || reply.status > 299) http.fail(reply);
    return reply;
  }
  Reply get(const std::string& path) { return expect({"GET", path, {}, {}, ""}); }
  json get_json(const std::string& path) { return read(get(path)); }
  RemoteJob job(const Asked& asked) {
    const Reply reply = expect(asked);
    return guarded([&] { return read_job(reply.text()); });
  }
  RemoteJob post_job(const std::string& path, const json& body) {
    const auto bytes = bytes_of(body.dump());
    return job({"POST", path, {}, bytes, "application/json"});
  }
  json read(const Reply& reply) {
    return guarded([&] { return json::parse(reply.text()); });
  }
  HttpClient http;
};

Session::Session(const ServerAddress& server, StopFunction stop)
    : state_(std::make_unique<State>(server, std::move(stop))) {}
Session::~Session() = default;

// ---- Models ----

std::vector<RemoteModel> Session::models() {
  const json list = state_->get_json("/v2/models");
  return guarded([&] {
    std::vector<RemoteModel> models;
    for (const json& model : list.at("models")) {
      models.push_back({model.at("name"), model.at("version"), model.at("program_id")});
    }
    return models;
  });
}

std::string Session::model(const std::string& name) {
  return state_->get("/v2/models/" + name).text();
}

std::vector<std::uint8_t> Session::client_bundle(const std::string& name) {
  return state_->get("/v2/models/" + name + "/client").body;
}

// ---- Keys ----

std::vector<RemoteKey> Session::keys() {
  const json list = state_->get_json("/v2/keys");
  return guarded([&] {
    std::vector<RemoteKey> keys;
    for (const json& key : list.at("keys")) {
      keys.push_back({key.at("key"), key.at("bytes"), key.at("added"), key.at("expires")});
    }
    return keys;
  });
}

// Piece by piece; where a piece does not follow what has arrived, the server says what has.
void Session::upload(const std::string& path, std::span<const std::uint8_t> file,
                     const ProgressFunction& progress) {
  const Reply there = state_->http.ask({"GET", path, {}, {}, ""});
  if (there.status == 200) return;
  if (there.status != 404) state_->http.fail(there);
  std::uint64_t offset = there.number("upload-offset").value_or(0);
  while (true) {
    // A whole upload whose last reply was lost is settled by its last byte again.
    const std::uint64_t first = std::min<std::uint64_t>(offset, file.size() - 1);
    const auto piece = file.subspan(first, std::min(kPiece, file.size() - first));
    const Reply reply =
        state_->http.ask({"PUT",
                          path,
                          {{"Content-Range", "bytes " + std::to_string(first) + "-" +
                                                 std::to_string(first + piece.size() - 1) + "/" +
                                                 std::to_string(file.size())}},
                          piece,
                          kBytes});
    if (reply.status == 200 || reply.status == 201) return;
    const auto arrived = reply.number("upload-offset");
    if ((reply.status != 202 && reply.status != 409) || !arrived) state_->http.fail(reply);
    if (reply.status == 409 && *arrived == offset) state_->http.fail(reply);
    offset = *arrived;
    if (progress) progress(static_cast<double>(offset) / static_cast<double>(file.size()));
  }
}

std::string Session::upload_keys(std::span<const std::uint8_t> file,
                                 const ProgressFunction& progress) {
  const std::string digest = base::to_hex(base::sha256(file));
  upload("/v2/keys/" + digest, file, progress);
  return digest;
}

void Session::remove_keys(const std::string& digest) {
  state_->expect({"DELETE", "/v2/keys/" + digest, {}, {}, ""});
}

// ---- Queries ----

RemoteAnswer Session::infer(const std::string& model, std::span<const std::uint8_t> query) {
  const auto start = std::chrono::steady_clock::now();
  Reply reply = state_->expect({"POST",
                                "/v2/models/" + model + "/infer",
                                {{"Inference-Header-Content-Length", "0"}},
                                query,
                                kBytes});
  RemoteAnswer answer;
  answer.file = std::move(reply.body);
  answer.tries = reply.tries;
  answer.round_trip_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto seconds = reply.headers.find("serdab-compute-seconds");
  if (seconds != reply.headers.end()) answer.compute_seconds = std::atof(seconds->second.c_str());
  return answer;
}

// ---- Jobs ----

std::vector<RemoteJob> Session::jobs() {
  const json list = state_->get_json("/v2/jobs");
  return guarded([&] {
    std::vector<RemoteJob> jobs;
    for (const json& job : list.at("jobs")) jobs.push_back(read_job(job.dump()));
    return jobs;
  });
}

RemoteJob Session::create_job(const std::string& model, std::uint32_t chunks) {
  return state_->post_job("/v2/jobs", {{"model", model}, {"chunks", chunks}});
}

RemoteJob Session::put_chunk(const std::string& job, std::uint32_t index,
                             std::span<const std::uint8_t> query) {
  return state_->job(
      {"PUT", "/v2/jobs/" + job + "/chunks/" + std::to_string(index), {}, query, kBytes});
}

RemoteJob Session::job(const std::string& job) {
  return state_->job({"GET", "/v2/jobs/" + job, {}, {}, ""});
}

std::vector<std::uint8_t> Session::chunk_answer(const std::string& job, std::uint32_t index) {
  return state_->get("/v2/jobs/" + job + "/chunks/" + std::to_string(index) + "/answer").body;
}

void Session::remove_job(const std::string& job) {
  state_->expect({"DELETE", "/v2/jobs/" + job, {}, {}, ""});
}

// ---- Training ----

RemoteJob Session::create_training() { return state_->job({"POST", "/v2/training", {}, {}, ""}); }

void Session::put_training_file(const std::string& run, const std::string& name,
                                std::span<const std::uint8_t> file,
                                const ProgressFunction& progress) {
  upload("/v2/training/" + run + "/files/" + name, file, progress);
}

RemoteJob Session::start_training(const std::string& run, std::uint64_t steps) {
  return state_->post_job("/v2/training/" + run + "/start", {{"steps", steps}});
}

RemoteJob Session::training(const std::string& run) {
  return state_->job({"GET", "/v2/training/" + run, {}, {}, ""});
}

std::vector<std::uint8_t> Session::refresh_request(const std::string& run) {
  return state_->get("/v2/training/" + run + "/refresh").body;
}

RemoteJob Session::put_refresh(const std::string& run, std::span<const std::uint8_t> answer) {
  return state_->job({"PUT", "/v2/training/" + run + "/refresh", {}, answer, kBytes});
}

std::vector<std::uint8_t> Session::training_state(const std::string& run) {
  return state_->get("/v2/training/" + run + "/state").body;
}

void Session::remove_training(const std::string& run) {
  state_->expect({"DELETE", "/v2/training/" + run, {}, {}, ""});
}

// ---- Events ----

RemoteJob Session::wait(const RemoteJob& seen) {
  constexpr std::string_view kData = "data: ";
  std::string last;
  state_->http.listen(path_of(seen) + "/events", [&](const std::string& line) {
    if (line.rfind(kData, 0) != 0) return true;
    last = line.substr(kData.size());
    return last == seen.json;
  });
  // The stream's end, or its loss, proves nothing: the status does.
  return state_->job({"GET", path_of(seen), {}, {}, ""});
}

}  // namespace serdab::remote
