#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/base/cpu_features.h"
#include "engine/base/error.h"
#include "progress.h"
#include "service/server/training.h"
#include "service/wire/tensors.h"
#include "train/step_folder.h"
#include "train/verbs.h"

namespace serdab::cli {

CLI::App* add_train_group(CLI::App& app) {
  CLI::App* train =
      app.add_subcommand("train", "Train a network on data and weights that stay encrypted");
  train->require_subcommand(1);
  return train;
}

namespace train {
namespace {

using Clock = std::chrono::steady_clock;
using server::StepPhase;

struct StepOptions {
  std::string folder;
  std::uint64_t steps = 1;
  double wait = 0;
  double checkpoint_seconds = 5;
};

server::StepKeys load_keys(const server::StepModel& model, const std::string& path) {
  const Opened file = open_file(wire::FileKind::kEvaluationKeys, path);
  return server::StepKeys(model, wire::read_evaluation_keys(model.context(), file.payload, path),
                          path);
}

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

/// A training run on disk. Whatever happens, state.sdb is a whole state; the other files only help
/// to go on from it, and those of another step are dropped.
class Stepper {
 public:
  Stepper(const StepOptions& options, const Globals& globals)
      : options_(options),
        globals_(globals),
        folder_(options.folder),
        lock_(folder_.lock),
        model_(server::StepModel::load(folder_.step)),
        keys_(load_keys(model_, folder_.keys)) {
    remove_leftovers(folder_);
    const Opened file = open_file(wire::FileKind::kTrainingState, folder_.state);
    state_.assign(file.payload.begin(), file.payload.end());
    status_ = server::status(model_, state_, folder_.state);
    if (status_.phase == StepPhase::kSpent) remove_file(folder_.checkpoint);  // the step is done
    load_mask();
  }

  /// Whether all steps asked for are done; else the client has its turn.
  bool run() {
    while (done_ < options_.steps) {
      if (status_.phase == StepPhase::kSpent && !renew()) return false;
      step();
    }
    if (status_.phase == StepPhase::kSpent) ask();
    return true;
  }

  std::string to_json(bool finished) const {
    const auto& parameters = model_.context().parameters();
    return nlohmann::json{{"step", status_.step},
                          {"steps_done", done_},
                          {"finished", finished},
                          {"refresh_due", status_.phase == StepPhase::kSpent},
                          {"resumed", resumed_},
                          {"seconds", seconds_},
                          {"seconds_per_step", done_ == 0 ? 0 : seconds_ / double(done_)},
                          {"n", parameters.n()},
                          {"log_qp", parameters.log_qp()},
                          {"security_bits", ckks_params::security_bits(parameters.security())},
                          {"threads", thread_count(globals_)},
                          {"cpu", base::cpu_name()},
                          {"peak_bytes", peak_resident_bytes()}}
        .dump(2);
  }

  std::string to_text() const {
    return fmt::format("{}: {} step(s) in {:.2f} s{}; {} done in all{}\n", folder_.state, done_,
                       seconds_, resumed_ ? " (the first resumed)" : "", status_.step,
                       status_.phase == StepPhase::kSpent
                           ? "; the state is spent, " + folder_.request + " asks for a refresh"
                           : "");
  }

 private:
  // What was asked under a mask that is lost cannot be unmasked.
  void load_mask() {
    if (exists(folder_.mask)) {
      const auto bytes = wire::read_file(folder_.mask, 1024);
      if (bytes.size() != mask_.size()) {
        base::fail(base::ErrorCode::kCorrupt,
                   fmt::format("{}: holds {} bytes, not {}; remove it, and a new one is made",
                               folder_.mask, bytes.size(), mask_.size()));
      }
      std::copy(bytes.begin(), bytes.end(), mask_.begin());
      return;
    }
    drop_request();
    mask_ = server::new_mask_secret();
    wire::write_file(folder_.mask, mask_, 0600);
  }

  // The new state is on disk before anything that led to it goes.
  void keep(std::vector<std::uint8_t> state) {
    save(wire::FileKind::kTrainingState, folder_.state, state);
    state_ = std::move(state);
    status_ = server::status(model_, state_, folder_.state);
  }

  void step() {
    drop_request();
    const std::string data_path = folder_.data(status_.step % model_.package().batches);
    const Opened data = open_file(wire::FileKind::kTrainingData, data_path);
    Progress progress(fmt::format("step {}", status_.step + 1), globals_.progress());
    server::StepRunOptions run;
    run.progress = [&](double share) { progress.update(share, 1); };
    run.stop = interrupted;
    run.checkpoint_path = folder_.checkpoint;
    run.checkpoint_seconds = options_.checkpoint_seconds;
    server::StepReport report =
        server::run_step(model_, keys_, state_, folder_.state, data.payload, data_path, run);
    keep(std::move(report.state));
    remove_file(folder_.checkpoint);
    seconds_ += report.seconds;
    resumed_ |= report.resumed;
    ++done_;
  }

  // The request of a state that is no longer spent; the client is never asked twice for one step.
  void drop_request() {
    remove_file(folder_.request);
    remove_file(folder_.answer);
  }

  // Writes the request unless it is there. It follows from the state alone.
  void ask() {
    if (exists(folder_.request) &&
        step_of(wire::FileKind::kRefreshRequest, folder_.request) == status_.step) {
      return;
    }
    save(wire::FileKind::kRefreshRequest, folder_.request,
         server::refresh_request(model_, keys_, mask_, state_, folder_.state));
  }

  std::uint64_t step_of(wire::FileKind kind, const std::string& path) const {
    const Opened file = open_file(kind, path);
    return wire::read_tensors(model_.context(), file.payload, path).header.step;
  }

  // Whether the client's answer was there and has been taken up.
  bool renew() {
    ask();
    const auto until = Clock::now() + std::chrono::duration<double>(options_.wait);
    while (true) {
      if (exists(folder_.answer) && take()) return true;
      if (interrupted()) {
        base::fail(base::ErrorCode::kInterrupted,
                   folder_.state + ": interrupted, waiting for " + folder_.answer);
      }
      if (Clock::now() >= until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  bool take() {
    const Opened answer = open_file(wire::FileKind::kRefreshAnswer, folder_.answer);
    const auto header = wire::read_tensors(model_.context(), answer.payload, folder_.answer).header;
    if (header.step < status_.step) {  // left from before an interruption
      remove_file(folder_.answer);
      return false;
    }
    keep(server::take_refresh(model_, keys_, mask_, state_, folder_.state, answer.payload,
                              folder_.answer));
    drop_request();
    return true;
  }

  const StepOptions& options_;
  const Globals& globals_;
  StepFolder folder_;
  FolderLock lock_;
  server::StepModel model_;
  server::StepKeys keys_;
  server::MaskSecret mask_{};
  std::vector<std::uint8_t> state_;
  server::StepStatus status_;
  std::uint64_t done_ = 0;
  double seconds_ = 0;
  bool resumed_ = false;
};

void run(const StepOptions& options, const Globals& globals) {
  Stepper stepper(options, globals);
  const bool finished = stepper.run();
  if (globals.json) {
    fmt::print("{}\n", stepper.to_json(finished));
  } else {
    fmt::print("{}", stepper.to_text());
  }
  if (!finished) {
    throw Ended{kRefreshDue,
                options.folder +
                    ": a refresh is due. Have the key holder run 'serdab train refresh "
                    "CLIENT " +
                    options.folder + "', then step again; --wait waits for it"};
  }
}

}  // namespace
}  // namespace train

void add_train_step(CLI::App& train, Globals& globals) {
  auto options = std::make_shared<train::StepOptions>();
  CLI::App* verb = add_verb(train, globals, "step",
                            "Do steps of training (server; holds no key that could decrypt)",
                            [options, &globals] { train::run(*options, globals); });
  verb->add_option("DIR", options->folder, "The server's folder that 'train init' made")
      ->required();
  verb->add_option("--steps", options->steps, "Steps to do")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}));
  verb->add_option(
          "--wait", options->wait,
          "Seconds to wait for each answer to a refresh; without: status 8 when one is due")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--checkpoint-seconds", options->checkpoint_seconds,
                   "How often a step's own progress is stored")
      ->check(CLI::NonNegativeNumber);
  verb->footer(
      "May be ended at any moment, even by kill -9: the same command goes on, with the same "
      "result.");
}

}  // namespace serdab::cli
