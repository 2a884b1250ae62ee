#pragma once

#include <string>
#include <vector>

#include "networks/datasets/tables/scaling.h"
#include "networks/training/plan.h"

namespace serdab::cli::train {

/// What lies in the client's folder of a training run.
struct ClientFolder {
  explicit ClientFolder(const std::string& folder);

  std::string path;
  std::string task, step;      ///< task.json; step.sdb, the client's own copy
  std::string secret;          ///< secret.key
  std::string releases;        ///< releases.json
  std::string curve, picture;  ///< curve.csv, curve.png
};

/// task.json: all that the client must remember, for people to read too.
struct TaskFile {
  training::Task task;  ///< packing and log_n as planned
  std::string data, label;
  std::vector<std::string> classes;
  std::vector<std::size_t> training, test;  ///< rows of the table, from 0 on
  datasets::Scaling scaling;
};
void write_task_file(const TaskFile& file, const std::string& path);
/// Throws base::Error(kCorrupt) that names the file.
TaskFile read_task_file(const std::string& path);

/// A scaling as JSON: what a network's metadata and task.json say.
std::string scaling_json(const datasets::Scaling& scaling);

}  // namespace serdab::cli::train
