#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "engine/base/cpu_features.h"
#include "progress.h"
#include "service/server/training_folder.h"
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

using server::StepPhase;

struct StepOptions {
  std::string folder;
  std::uint64_t steps = 1;
  double wait = 0;
  double checkpoint_seconds = 5;
};

// A bar for every step.
class StepProgress {
 public:
  explicit StepProgress(bool enabled) : enabled_(enabled) {}
  void update(std::uint64_t step, double share) {
    if (step != step_) bar_.emplace(fmt::format("step {}", step), enabled_);
    step_ = step;
    bar_->update(share, 1);
  }

 private:
  bool enabled_;
  std::uint64_t step_ = 0;
  std::optional<Progress> bar_;
};

std::string to_json(const server::TrainingFolder& folder, const server::Advance& done,
                    const Globals& globals) {
  const auto& parameters = folder.model().context().parameters();
  return nlohmann::json{
      {"step", folder.status().step},
      {"steps_done", done.steps},
      {"finished", done.finished},
      {"refresh_due", folder.status().phase == StepPhase::kSpent},
      {"resumed", done.resumed},
      {"seconds", done.seconds},
      {"seconds_per_step", done.steps == 0 ? 0 : done.seconds / double(done.steps)},
      {"n", parameters.n()},
      {"log_qp", parameters.log_qp()},
      {"security_bits", ckks_params::security_bits(parameters.security())},
      {"threads", thread_count(globals)},
      {"cpu", base::cpu_name()},
      {"peak_bytes", peak_resident_bytes()}}
      .dump(2);
}

std::string to_text(const server::TrainingFolder& folder, const server::Advance& done) {
  return fmt::format("{}: {} step(s) in {:.2f} s{}; {} done in all{}", folder.files().state,
                     done.steps, done.seconds, done.resumed ? " (the first resumed)" : "",
                     folder.status().step,
                     folder.status().phase == StepPhase::kSpent
                         ? "; the state is spent, " + folder.files().request + " asks for a refresh"
                         : "");
}

void run(const StepOptions& options, const Globals& globals) {
  server::TrainingFolder folder(options.folder);
  StepProgress progress(globals.progress());
  server::AdvanceOptions how;
  how.steps = options.steps;
  how.wait_seconds = options.wait;
  how.checkpoint_seconds = options.checkpoint_seconds;
  how.progress = [&](std::uint64_t step, double share) { progress.update(step, share); };
  how.stop = interrupted;
  const server::Advance done = folder.advance(how);
  fmt::print("{}\n", globals.json ? to_json(folder, done, globals) : to_text(folder, done));
  if (!done.finished) {
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
