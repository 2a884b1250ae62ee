#include <fmt/format.h>

#include <filesystem>
#include <numeric>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "networks/datasets/tables/folds.h"
#include "progress.h"
#include "service/server/step_folder.h"
#include "temporary_folder.h"
#include "train/run_report.h"
#include "train/verbs.h"

namespace serdab::cli {
namespace train {
namespace {

struct RunOptions {
  TrainOptions train;
  std::size_t folds = 5, seeds = 5;
  std::string keep, output;
};

struct Cut {
  std::uint64_t seed = 0;
  datasets::Fold fold;
};

// Every fold of every seed; fewer than two folds: all rows train, and judge themselves.
std::vector<Cut> all_cuts(const datasets::Table& table, const RunOptions& options) {
  std::vector<Cut> cuts;
  for (std::size_t s = 0; s < options.seeds; ++s) {
    const std::uint64_t seed = options.train.seed + s;
    if (options.folds < 2) {
      Cut all{seed, {}};
      all.fold.training.resize(table.rows());
      std::iota(all.fold.training.begin(), all.fold.training.end(), 0);
      cuts.push_back(std::move(all));
      continue;
    }
    for (auto& fold : datasets::stratified_folds(table, options.folds, seed)) {
      cuts.push_back({seed, std::move(fold)});
    }
  }
  return cuts;
}

std::size_t fewest_training_rows(const std::vector<Cut>& cuts) {
  std::size_t fewest = cuts.front().fold.training.size();
  for (const Cut& cut : cuts) fewest = std::min(fewest, cut.fold.training.size());
  return fewest;
}

// The same network serves all folds: a column that varies somewhere is an input of each.
std::vector<std::size_t> inputs_of(const datasets::Table& table) {
  std::vector<std::size_t> rows(table.rows());
  std::iota(rows.begin(), rows.end(), 0);
  return varying_columns(table, rows);
}

server::StepKeys load_keys(const server::StepModel& model, const Session& session) {
  const std::string name = "evaluation keys";
  return server::StepKeys(
      model, wire::read_evaluation_keys(model.context(), session.evaluation_keys, name), name);
}

void write_curves(const std::string& folder, const std::vector<FoldResult>& results,
                  const std::string& task) {
  base::make_folder(folder);
  const std::filesystem::path base(folder);
  const auto loss = loss_chart(results, task), accuracy = accuracy_chart(results, task);
  datasets::write_chart(loss, base / "loss.png");
  datasets::write_csv(loss, base / "loss.csv");
  datasets::write_chart(accuracy, base / "accuracy.png");
  datasets::write_csv(accuracy, base / "accuracy.csv");
}

/// A cross-validation of encrypted training.
class CrossValidation {
 public:
  CrossValidation(const RunOptions& options, const Globals& globals)
      : options_(options),
        globals_(globals),
        table_(datasets::read_table(options.train.data, options.train.label)),
        cuts_(all_cuts(table_, options)),
        inputs_(inputs_of(table_)),
        shape_(shape_batches(options.train, fewest_training_rows(cuts_))) {
    shape_.features = inputs_.size();
    shape_.classes = table_.classes.size();
  }

  void run() {
    const training::Task task = make_task(options_.train, shape_);
    std::optional<TemporaryFolder> temporary;
    if (options_.keep.empty()) temporary.emplace();
    const server::StepFolder folder(temporary ? temporary->path() : options_.keep);
    if (!temporary) base::make_folder(folder.path);
    const Session session = make_session(task, folder.step);
    const PlanBytes bytes = describe(session);
    const server::StepModel model = server::StepModel::load(folder.step);
    const server::StepKeys keys = load_keys(model, session);
    const auto results = run_folds(session, model, keys);
    const RunSummary summary = summarise(results, options_.folds, options_.seeds);
    if (!options_.output.empty()) write_curves(options_.output, results, task.name);
    if (globals_.json) {
      fmt::print("{}\n", run_json(summary, results, session, bytes, globals_));
      return;
    }
    fmt::print("{}", run_text(summary, session));
    if (!options_.output.empty()) {
      fmt::print("curves         {}/loss.png, accuracy.png and .csv of both\n", options_.output);
    }
  }

 private:
  LearningData data_of(const Cut& cut) const {
    return prepare(table_, cut.fold.training, cut.fold.test, inputs_, options_.train, shape_,
                   cut.seed);
  }

  // Prints the plan; the sizes are those of the first fold's files.
  PlanBytes describe(const Session& session) const {
    const LearningData data = data_of(cuts_.front());
    const auto batches = all_batches(session.task, data);
    const auto weights = training::initial_weights(session.task, cuts_.front().seed);
    const PlanBytes bytes = file_bytes(session, encrypt(session, batches, weights));
    for (const auto& warning :
         range_warnings(session.task, session.plan, batches.front(), weights)) {
      fmt::print(stderr, "serdab: warning: {}\n", warning);
    }
    if (!globals_.json) fmt::print("{}\n", plan_text(session.task, session.plan, bytes));
    return bytes;
  }

  std::vector<FoldResult> run_folds(const Session& session, const server::StepModel& model,
                                    const server::StepKeys& keys) const {
    std::vector<FoldResult> results;
    Progress progress("training", globals_.progress());
    const double steps = static_cast<double>(session.task.steps);
    for (const Cut& cut : cuts_) {
      const double before = static_cast<double>(results.size()) * steps;
      const auto step_done = [&](std::uint64_t done, double loss) {
        progress.update(
            before + static_cast<double>(done), static_cast<double>(cuts_.size()) * steps,
            fmt::format("run {} of {}, loss {:.4f}", results.size() + 1, cuts_.size(), loss));
      };
      results.push_back(run_fold(session, model, keys, data_of(cut), cut.seed, step_done));
    }
    return results;
  }

  const RunOptions& options_;
  const Globals& globals_;
  datasets::Table table_;
  std::vector<Cut> cuts_;
  std::vector<std::size_t> inputs_;
  TaskShape shape_;
};

}  // namespace
}  // namespace train

void add_train_run(CLI::App& train_group, Globals& globals) {
  auto options = std::make_shared<train::RunOptions>();
  CLI::App* verb =
      add_verb(train_group, globals, "run",
               "Cross-validate encrypted training on a table: client and server in one process",
               [options, &globals] { train::CrossValidation(*options, globals).run(); });
  train::add_train_options(verb, options->train);
  verb->add_option("--folds", options->folds,
                   "Parts that the rows are cut into; each is test data once. 1: no test data");
  verb->add_option("--seeds", options->seeds, "Times that this is repeated, from --seed on")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1000}));
  verb->add_option("--keep", options->keep, "Folder in which the step file is kept");
  verb->add_option("-o,--output", options->output, "Folder for curves, PNG and CSV");
  verb->footer(
      "Every step is compared with the same step in the clear; for this report alone the weights "
      "are decrypted after each.");
}

}  // namespace serdab::cli
