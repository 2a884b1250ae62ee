#include "service/server/training_folder.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "service/wire/sealed_file.h"
#include "service/wire/tensors.h"

namespace serdab::server {
namespace {

using base::exists;
using base::remove_file;
using Clock = std::chrono::steady_clock;

constexpr auto kLookForAnswer = std::chrono::milliseconds(20);

// What wire::write_file had begun when a process of this folder was killed. Whoever answers writes
// too, so that its files are left alone.
void remove_leftovers(const StepFolder& folder) {
  const std::vector<std::string> own{folder.state, folder.checkpoint, folder.request, folder.mask};
  for (const auto& entry : std::filesystem::directory_iterator(folder.path)) {
    const std::string path = entry.path().string();
    for (const std::string& name : own) {
      if (path.rfind(name + ".part", 0) == 0) remove_file(path);
    }
  }
}

}  // namespace

std::shared_ptr<const StepTools> StepTools::load(const StepFolder& folder) {
  StepModel model = StepModel::load(folder.step);
  const wire::OpenedMap file =
      wire::map_file(wire::FileKind::kEvaluationKeys, folder.keys, folder.keys);
  wire::EvaluationKeys keys =
      wire::read_evaluation_keys(model.context(), file.payload, folder.keys);
  return std::make_shared<const StepTools>(std::move(model), std::move(keys), folder.keys);
}

TrainingFolder::TrainingFolder(const std::string& path) : TrainingFolder(path, nullptr) {}

TrainingFolder::TrainingFolder(const std::string& path, std::shared_ptr<const StepTools> tools,
                               const std::function<bool()>& keep_waiting)
    : folder_(path),
      lock_(folder_.lock, keep_waiting),
      tools_(tools ? std::move(tools) : StepTools::load(folder_)) {
  remove_leftovers(folder_);
  const wire::Opened file = wire::open_file(wire::FileKind::kTrainingState, folder_.state);
  state_.assign(file.payload.begin(), file.payload.end());
  status_ = server::status(model(), state_, folder_.state);
  if (status_.phase == StepPhase::kSpent) remove_file(folder_.checkpoint);  // the step is done
  load_mask();
}

Advance TrainingFolder::advance(const AdvanceOptions& options) {
  Advance done;
  while (done.steps < options.steps) {
    if (status_.phase == StepPhase::kSpent && !renew(options)) return done;
    step(options, done);
  }
  if (status_.phase == StepPhase::kSpent) ask();
  done.finished = true;
  return done;
}

// What was asked under a mask that is lost cannot be unmasked.
void TrainingFolder::load_mask() {
  if (exists(folder_.mask)) {
    const auto bytes = wire::read_file(folder_.mask, 1024);
    if (bytes.size() != mask_.size()) {
      base::fail(base::ErrorCode::kCorrupt,
                 folder_.mask + ": holds " + std::to_string(bytes.size()) + " bytes, not " +
                     std::to_string(mask_.size()) + "; remove it, and a new one is made");
    }
    std::copy(bytes.begin(), bytes.end(), mask_.begin());
    return;
  }
  drop_request();
  mask_ = new_mask_secret();
  wire::write_file(folder_.mask, mask_, 0600);
}

// The new state is on disk before anything that led to it goes.
void TrainingFolder::keep(std::vector<std::uint8_t> state) {
  wire::save(wire::FileKind::kTrainingState, folder_.state, state);
  state_ = std::move(state);
  status_ = server::status(model(), state_, folder_.state);
}

void TrainingFolder::step(const AdvanceOptions& options, Advance& done) {
  drop_request();
  const std::string data_path = folder_.data(status_.step % model().package().batches);
  const wire::Opened data = wire::open_file(wire::FileKind::kTrainingData, data_path);
  StepRunOptions run;
  if (options.progress) {
    run.progress = [&](double share) { options.progress(status_.step + 1, share); };
  }
  run.stop = options.stop;
  run.checkpoint_path = folder_.checkpoint;
  run.checkpoint_seconds = options.checkpoint_seconds;
  StepReport report =
      run_step(model(), tools_->keys, state_, folder_.state, data.payload, data_path, run);
  keep(std::move(report.state));
  remove_file(folder_.checkpoint);
  done.seconds += report.seconds;
  done.resumed |= report.resumed;
  ++done.steps;
}

// The request of a state that is no longer spent; the client is never asked twice for one step.
void TrainingFolder::drop_request() {
  remove_file(folder_.request);
  remove_file(folder_.answer);
}

// Writes the request unless it is there. It follows from the state alone.
void TrainingFolder::ask() {
  if (exists(folder_.request) &&
      step_of(wire::FileKind::kRefreshRequest, folder_.request) == status_.step) {
    return;
  }
  wire::save(wire::FileKind::kRefreshRequest, folder_.request,
             refresh_request(model(), tools_->keys, mask_, state_, folder_.state));
}

std::uint64_t TrainingFolder::step_of(wire::FileKind kind, const std::string& path) const {
  const wire::Opened file = wire::open_file(kind, path);
  return wire::read_tensors(model().context(), file.payload, path).header.step;
}

// Whether the client's answer was there and has been taken up.
bool TrainingFolder::renew(const AdvanceOptions& options) {
  ask();
  const auto until = Clock::now() + std::chrono::duration<double>(options.wait_seconds);
  while (true) {
    if (exists(folder_.answer) && take()) return true;
    if (options.stop && options.stop()) {
      base::fail(base::ErrorCode::kInterrupted,
                 folder_.state + ": interrupted, waiting for " + folder_.answer);
    }
    if (Clock::now() >= until) return false;
    std::this_thread::sleep_for(kLookForAnswer);
  }
}

bool TrainingFolder::take() {
  const wire::Opened answer = wire::open_file(wire::FileKind::kRefreshAnswer, folder_.answer);
  const auto header = wire::read_tensors(model().context(), answer.payload, folder_.answer).header;
  if (header.step < status_.step) {  // left from before an interruption
    remove_file(folder_.answer);
    return false;
  }
  keep(take_refresh(model(), tools_->keys, mask_, state_, folder_.state, answer.payload,
                    folder_.answer));
  drop_request();
  return true;
}

}  // namespace serdab::server
