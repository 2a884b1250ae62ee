#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "service/server/step_folder.h"
#include "service/server/training.h"

namespace serdab::server {

/// What a run's steps need and never change: its programs and the client's keys. Immutable; const
/// access may be shared.
struct StepTools {
  /// From the folder's step.sdb and keys.sdk; base::Error names the file.
  static std::shared_ptr<const StepTools> load(const StepFolder& folder);

  StepTools(StepModel&& of, wire::EvaluationKeys&& with, const std::string& keys_name)
      : model(std::move(of)), keys(model, std::move(with), keys_name) {}
  const StepModel model;
  const StepKeys keys;
};

/// How far to go.
struct AdvanceOptions {
  std::uint64_t steps = 1;
  double wait_seconds = 0;  ///< for each answer to a refresh
  double checkpoint_seconds = 5;
  std::function<void(std::uint64_t step, double share)> progress;  ///< `step` counts from 1
  std::function<bool()> stop;  ///< asked between waves; true ends with kInterrupted
};

/// What was done.
struct Advance {
  std::uint64_t steps = 0;
  bool finished = false;  ///< else the client has its turn
  bool resumed = false;   ///< a step was taken up from its checkpoint
  double seconds = 0;     ///< of the steps
};

/// A training run on disk. Whatever happens, state.sdb is a whole state; the other files only help
/// to go on from it, and those of another step are dropped. Holds the folder's lock; one thread.
class TrainingFolder {
 public:
  /// Throws base::Error, naming the file, for files that are wrong and as FolderLock.
  explicit TrainingFolder(const std::string& path);
  /// With tools that were loaded from this folder before.
  TrainingFolder(const std::string& path, std::shared_ptr<const StepTools> tools,
                 const std::function<bool()>& keep_waiting = {});

  const StepFolder& files() const { return folder_; }
  const StepModel& model() const { return tools_->model; }
  const StepStatus& status() const { return status_; }

  /// Takes up a refresh if the state is spent, does so many steps, and asks for a refresh where one
  /// is due. Throws base::Error(kInterrupted) when asked to stop: what is done is kept.
  Advance advance(const AdvanceOptions& options);

 private:
  void load_mask();
  void keep(std::vector<std::uint8_t> state);
  void step(const AdvanceOptions& options, Advance& done);
  void drop_request();
  void ask();
  std::uint64_t step_of(wire::FileKind kind, const std::string& path) const;
  bool renew(const AdvanceOptions& options);
  bool take();

  StepFolder folder_;
  FolderLock lock_;
  std::shared_ptr<const StepTools> tools_;
  MaskSecret mask_{};
  std::vector<std::uint8_t> state_;
  StepStatus status_;
};

}  // namespace serdab::server
