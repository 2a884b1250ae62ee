#pragma once

#include <string>

#include "service/work/task.h"

namespace serdab::work::internal {

// What errors call things; the tenant reads them.
inline constexpr char kQuery[] = "query";
inline constexpr char kKeys[] = "evaluation keys";
inline constexpr char kAnswer[] = "answer";
inline constexpr char kState[] = "state";
inline constexpr char kStepProgram[] = "step program";
inline constexpr char kTrainingState[] = "training state";

inline std::string model_name(const Task& task) {
  return "model '" + task.model + "' version " + std::to_string(task.version);
}

}  // namespace serdab::work::internal
