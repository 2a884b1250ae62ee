#pragma once

#include <cstdint>
#include <string>

#include "engine/base/error.h"

namespace serdab::work {

enum class TaskKind : std::uint8_t {
  kInfer = 0,  ///< somebody waits for the answer
  kChunk = 1,  ///< of a batch job
  kStep = 2,   ///< of a training run: takes up a refresh if one is there, then does a step
};

/// Work by name: ids alone, never keys, queries or answers. Inputs and outputs lie where
/// store::Layout says. Doing a task twice gives the same files: tasks may be delivered twice.
struct Task {
  TaskKind kind = TaskKind::kInfer;
  std::string tenant;
  std::string job;  ///< its folder
  std::uint32_t chunk = 0;
  std::string model;  ///< kInfer, kChunk
  std::uint32_t version = 0;
  std::string key;         ///< digest of the evaluation keys; kInfer, kChunk
  std::uint64_t step = 0;  ///< kStep: steps done before it

  /// Tells apart what is under way.
  std::string id() const;
};

/// Throws base::Error(kInvalidArgument) unless names, ids and digest are such: parts of paths.
void check(const Task& task);

/// As JSON and back; base::Error(kCorrupt) for anything else.
std::string to_json(const Task& task);
Task task_from_json(const std::string& text);

enum class Ending : std::uint8_t { kDone = 0, kFailed = 1, kCancelled = 2 };

/// How a task ended.
struct Outcome {
  Ending ending = Ending::kDone;
  base::ErrorCode code = base::ErrorCode::kInvalidArgument;  ///< of a failed one
  std::string error;
  std::uint32_t images = 0;
  double seconds = 0;            ///< computing
  double load_seconds = 0;       ///< reading model and keys; 0 when they were warm
  std::uint64_t steps_done = 0;  ///< kStep
  bool refresh_due = false;      ///< kStep
  bool disk_full = false;        ///< why it failed: to be done again when there is room
  std::string worker;            ///< who did it
};
std::string to_json(const Outcome& outcome);
Outcome outcome_from_json(const std::string& text);

}  // namespace serdab::work
