#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "service/work/internal/nats_connection.h"
#include "service/work/task.h"

namespace serdab::work::internal {

// What gateway and workers agree on. Tasks lie in a stream until a worker has acknowledged them,
// results until the gateway has: both outlive their processes. Everything else is told to whoever
// listens, and nothing depends on it.

/// Every tenant belongs to one partition, so that its keys stay warm with few workers.
inline constexpr unsigned kPartitions = 8;
unsigned partition_of(const std::string& tenant);

/// By urgency.
inline constexpr std::array<TaskKind, 3> kUrgency{TaskKind::kInfer, TaskKind::kStep,
                                                  TaskKind::kChunk};

inline const std::string kTaskStream = "SERDAB_TASKS";
inline const std::string kResultStream = "SERDAB_RESULTS";
inline const std::string kResultConsumer = "gateway";
inline const std::string kResultSubject = "serdab.results";
/// Told: the consumer for which a task was left.
inline const std::string kWakeSubject = "serdab.notice.task";
/// Told: a job whose tasks shall end.
inline const std::string kCancelSubject = "serdab.notice.cancel";
inline const std::string kNoticeSubjects = "serdab.notice.*";
/// Told: how far a task is.
inline const std::string kProgressSubject = "serdab.progress";

std::string task_subject(unsigned partition, TaskKind kind);
std::string task_consumer(unsigned partition, TaskKind kind);

/// A task whose worker is silent for so long is given to another.
inline constexpr double kAcknowledgeSeconds = 10;
inline constexpr double kHeartbeatSeconds = 3;

/// Makes streams and consumers, or changes them to this. Throws base::Error(kIo).
void make_streams(const NatsConnection& connection, std::size_t most_tasks);

/// Leaves a task that was taken to the next who asks, and tells so.
void give_back(const NatsConnection& connection, const natsMsg* message,
               const std::string& consumer);

/// Messages about a task, as JSON and back; base::Error(kCorrupt) for anything else.
struct Result {
  Task task;
  Outcome outcome;
};
std::string to_json(const Result& result);
Result result_from_json(std::string_view text);
struct Share {
  Task task;
  double share = 0;
};
std::string to_json(const Share& share);
Share share_from_json(std::string_view text);

}  // namespace serdab::work::internal
