#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "networks/training/plan.h"
#include "service/client/training.h"
#include "train/plan_report.h"

namespace serdab::cli::train {

/// A planned task and the client's keys for it.
struct Session {
  training::Task task;
  training::TrainingPlan plan;
  client::StepModel model;
  ckks_secret::SecretKey secret;
  std::vector<std::uint8_t> evaluation_keys;  ///< payload, for the server
};

/// Plans, writes the plan's step file to `step_path` and makes fresh keys.
Session make_session(const training::Task& task, const std::string& step_path);

/// Payloads for the server, encrypted.
struct Encrypted {
  std::vector<std::vector<std::uint8_t>> data;  ///< by batch
  std::vector<std::uint8_t> state;
};
Encrypted encrypt(const Session& session, const std::vector<training::Tensors>& batches,
                  const training::Tensors& weights);

/// The batches of a data set as tensors.
std::vector<training::Tensors> all_batches(const training::Task& task, const LearningData& data);

PlanBytes file_bytes(const Session& session, const Encrypted& encrypted);

}  // namespace serdab::cli::train
