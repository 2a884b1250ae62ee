#include "service/work/internal/nats_streams.h"

#include <nlohmann/json.hpp>

#include "engine/base/error.h"

namespace serdab::work::internal {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr std::int64_t kNanoseconds = 1'000'000'000;
constexpr std::int64_t kResultDays = 7;

const char* kind_word(TaskKind kind) {
  switch (kind) {
    case TaskKind::kInfer:
      return "infer";
    case TaskKind::kChunk:
      return "chunk";
    case TaskKind::kStep:
      return "step";
  }
  return "";
}

void make_stream(const NatsConnection& connection, jsStreamConfig& config) {
  jsStreamInfo* info = nullptr;
  auto error = static_cast<jsErrCode>(0);
  natsStatus status = js_AddStream(&info, connection.stream_context(), &config, nullptr, &error);
  if (error == JSStreamNameExistErr) {  // with another limit
    status = js_UpdateStream(&info, connection.stream_context(), &config, nullptr, nullptr);
  }
  const Nats<jsStreamInfo> owned(info);
  check_nats(status, std::string("stream ") + config.Name);
}

void make_stream(const NatsConnection& connection, const std::string& name,
                 const std::string& subject, std::int64_t most, std::int64_t days) {
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  const char* subjects[] = {subject.c_str()};
  config.Name = name.c_str();
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.Retention = js_WorkQueuePolicy;
  config.Storage = js_FileStorage;
  config.Discard = js_DiscardNew;
  config.MaxMsgs = most;
  config.MaxAge = days * 24 * 3600 * kNanoseconds;
  make_stream(connection, config);
}

void make_consumer(const NatsConnection& connection, const std::string& stream,
                   const std::string& name, const std::string& subject, double seconds) {
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.Durable = name.c_str();
  config.FilterSubject = subject.c_str();
  config.AckPolicy = js_AckExplicit;
  config.AckWait = static_cast<std::int64_t>(seconds * static_cast<double>(kNanoseconds));
  config.MaxDeliver = -1;  // workers count, and report what never ends
  jsConsumerInfo* info = nullptr;
  const natsStatus status =
      js_AddConsumer(&info, connection.stream_context(), stream.c_str(), &config, nullptr, nullptr);
  const Nats<jsConsumerInfo> owned(info);
  check_nats(status, "consumer " + name);
}

// An object of two members, the first a task.
std::pair<Task, json> split(std::string_view text, const char* second) {
  json object = json::parse(text, nullptr, false);
  if (!object.is_object() || object.size() != 2 || !object.contains("task") ||
      !object.contains(second)) {
    base::fail(ErrorCode::kCorrupt, std::string("message: has not a task and its ") + second);
  }
  return {task_from_json(object["task"].dump()), std::move(object[second])};
}

}  // namespace

unsigned partition_of(const std::string& tenant) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : tenant) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return static_cast<unsigned>((hash >> 32) % kPartitions);
}

std::string task_subject(unsigned partition, TaskKind kind) {
  return "serdab.tasks." + std::to_string(partition) + "." + kind_word(kind);
}

std::string task_consumer(unsigned partition, TaskKind kind) {
  return std::string(kind_word(kind)) + "-" + std::to_string(partition);
}

void make_streams(const NatsConnection& connection, std::size_t most_tasks) {
  make_stream(connection, kTaskStream, "serdab.tasks.*.*", static_cast<std::int64_t>(most_tasks),
              0);
  make_stream(connection, kResultStream, kResultSubject, -1, kResultDays);
  for (unsigned p = 0; p < kPartitions; ++p) {
    for (const TaskKind kind : kUrgency) {
      make_consumer(connection, kTaskStream, task_consumer(p, kind), task_subject(p, kind),
                    kAcknowledgeSeconds);
    }
  }
  make_consumer(connection, kResultStream, kResultConsumer, kResultSubject, kAcknowledgeSeconds);
}

void give_back(const NatsConnection& connection, const natsMsg* message,
               const std::string& consumer) {
  connection.reply(message, NatsConnection::Reply::kAgain);
  connection.tell(kWakeSubject, consumer);
}

std::string to_json(const Result& result) {
  return json{{"task", json::parse(to_json(result.task))},
              {"outcome", json::parse(to_json(result.outcome))}}
      .dump();
}

Result result_from_json(std::string_view text) {
  auto [task, outcome] = split(text, "outcome");
  return {std::move(task), outcome_from_json(outcome.dump())};
}

std::string to_json(const Share& share) {
  return json{{"task", json::parse(to_json(share.task))}, {"share", share.share}}.dump();
}

Share share_from_json(std::string_view text) {
  auto [task, share] = split(text, "share");
  if (!share.is_number()) base::fail(ErrorCode::kCorrupt, "message: its share is no number");
  return {std::move(task), share.get<double>()};
}

}  // namespace serdab::work::internal
