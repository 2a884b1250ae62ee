#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "networks/datasets/tables/folds.h"
#include "service/server/step_folder.h"
#include "service/wire/sealed_file.h"
#include "temporary_folder.h"
#include "train/release_file.h"
#include "train/session.h"
#include "train/task_file.h"
#include "train/verbs.h"

namespace serdab::cli {
namespace train {
namespace {

struct InitOptions {
  TrainOptions train;
  std::string output, holdout = "none";
  std::uint32_t exports = 2;
  bool plan_only = false;
};

// "2/5": the second of five parts is left for testing.
datasets::Fold cut_rows(const datasets::Table& table, const InitOptions& options) {
  datasets::Fold fold;
  if (options.holdout == "none") {
    fold.training.resize(table.rows());
    std::iota(fold.training.begin(), fold.training.end(), 0);
    return fold;
  }
  unsigned part = 0, parts = 0;
  char rest = 0;
  if (std::sscanf(options.holdout.c_str(), "%u/%u%c", &part, &parts, &rest) != 2 || part < 1 ||
      part > parts || parts < 2) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "--holdout: '" + options.holdout + "' is not PART/PARTS as in 1/5, nor 'none'");
  }
  return datasets::stratified_folds(table, parts, options.train.seed)[part - 1];
}

std::vector<std::size_t> inputs_of(const datasets::Table& table, const datasets::Fold& fold) {
  return varying_columns(table, fold.training);
}

void refuse_overwriting(const ClientFolder& folder) {
  if (!base::exists(folder.secret)) return;
  base::fail(base::ErrorCode::kInvalidArgument,
             folder.secret +
                 ": exists; what was trained under it could not be decrypted any more. Choose "
                 "another folder, or remove this one");
}

/// What init makes, before it is written.
class Initialisation {
 public:
  Initialisation(const InitOptions& options, const std::string& step_path)
      : options_(options),
        table_(datasets::read_table(options.train.data, options.train.label)),
        fold_(cut_rows(table_, options)),
        shape_(make_shape()),
        task_(make_task(options.train, shape_)),
        session_(make_session(task_, step_path)),
        data_(prepare(table_, fold_.training, fold_.test, inputs_of(table_, fold_), options.train,
                      shape_, options.train.seed)),
        batches_(all_batches(task_, data_)),
        weights_(training::initial_weights(task_, options.train.seed)),
        encrypted_(encrypt(session_, batches_, weights_)) {}

  PlanBytes bytes() const { return file_bytes(session_, encrypted_); }
  const Session& session() const { return session_; }
  const LearningData& data() const { return data_; }
  std::vector<std::string> warnings() const {
    return range_warnings(task_, session_.plan, batches_.front(), weights_);
  }

  double release_deviation(const InitOptions& options) const {
    return client::release_deviation(session_.model,
                                     new_budget(session_.model.package, options.exports));
  }

  void write(const ClientFolder& client, const server::StepFolder& server) const {
    wire::save(wire::FileKind::kSecretKey, client.secret, client::write_secret_key(session_.secret),
               0600);
    write_task_file(task_file(), client.task);
    write_budget(client.releases, new_budget(session_.model.package, options_.exports));
    wire::write_file(client.step, wire::read_file(server.step, std::uint64_t{1} << 31));
    wire::save(wire::FileKind::kEvaluationKeys, server.keys, session_.evaluation_keys);
    for (std::size_t batch = 0; batch < encrypted_.data.size(); ++batch) {
      wire::save(wire::FileKind::kTrainingData, server.data(batch), encrypted_.data[batch]);
    }
    wire::save(wire::FileKind::kTrainingState, server.state, encrypted_.state);
  }

 private:
  TaskShape make_shape() const {
    TaskShape shape = shape_batches(options_.train, fold_.training.size());
    shape.features = inputs_of(table_, fold_).size();
    shape.classes = table_.classes.size();
    return shape;
  }

  TaskFile task_file() const {
    TaskFile file{task_,
                  std::filesystem::absolute(options_.train.data).string(),
                  options_.train.label,
                  table_.classes,
                  fold_.training,
                  fold_.test,
                  data_.scaling};
    file.task.packing = session_.plan.packing;
    file.task.log_n = session_.plan.package.parameters.log_n;
    return file;
  }

  const InitOptions& options_;
  datasets::Table table_;
  datasets::Fold fold_;
  TaskShape shape_;
  training::Task task_;
  Session session_;
  LearningData data_;
  std::vector<training::Tensors> batches_;
  training::Tensors weights_;
  Encrypted encrypted_;
};

void print(const Initialisation& made, const InitOptions& options, const Globals& globals) {
  const Session& session = made.session();
  const auto warnings = made.warnings();
  if (globals.json) {
    nlohmann::json json =
        nlohmann::json::parse(plan_json(session.task, session.plan, made.bytes()));
    json["warnings"] = warnings;
    json["release_deviation"] = made.release_deviation(options);
    json["training_rows"] = made.data().training.rows();
    json["test_rows"] = made.data().test.rows();
    json["key_id"] = ckks::to_string(session.secret.key_id());
    fmt::print("{}\n", json.dump(2));
    return;
  }
  fmt::print("{}", plan_text(session.task, session.plan, made.bytes()));
  fmt::print("export         weights right to +-{:.2g} where others may see them\n",
             made.release_deviation(options));
  for (const auto& column : made.data().scaling.dropped) {
    fmt::print("column '{}' is the same in all training rows and is left out\n", column.name);
  }
  for (const auto& warning : warnings) fmt::print(stderr, "serdab: warning: {}\n", warning);
  if (options.plan_only) return;
  fmt::print(
      "\n{0}/client: keep it to yourself; whoever has secret.key reads data and model\n"
      "{0}/server: for the server\n"
      "next: serdab-server train step {0}/server --steps {1} --wait 600   (the server)\n"
      "      serdab train refresh {0}/client {0}/server --watch 600       (you, meanwhile)\n",
      options.output, session.task.steps);
}

void run(const InitOptions& options, const Globals& globals) {
  if (options.plan_only) {
    const TemporaryFolder temporary;
    print(Initialisation(options, server::StepFolder(temporary.path()).step), options, globals);
    return;
  }
  if (options.output.empty()) {
    base::fail(base::ErrorCode::kInvalidArgument, "-o DIR is missing: where the folders go");
  }
  const std::filesystem::path base(options.output);
  const ClientFolder client((base / "client").string());
  const server::StepFolder server((base / "server").string());
  refuse_overwriting(client);
  base::make_folder(client.path);
  base::make_folder(server.path);
  std::filesystem::permissions(client.path, std::filesystem::perms::owner_all);
  const Initialisation made(options, server.step);
  made.write(client, server);
  print(made, options, globals);
}

}  // namespace
}  // namespace train

void add_train_init(CLI::App& train_group, Globals& globals) {
  auto options = std::make_shared<train::InitOptions>();
  CLI::App* verb = add_verb(train_group, globals, "init",
                            "Plan a training, make keys, encrypt data and first weights (client)",
                            [options, &globals] { train::run(*options, globals); });
  train::add_train_options(verb, options->train);
  verb->add_option("-o,--output", options->output,
                   "Folder to make: DIR/client stays with you, DIR/server goes to the server");
  verb->add_option("--holdout", options->holdout,
                   "Part of the rows kept back for testing, as in 1/5; 'none': all rows train");
  verb->add_option("--exports", options->exports,
                   "How many models may ever be exported for others to see; more cost precision")
      ->check(CLI::Range(1u, 1024u));
  verb->add_flag("--plan-only", options->plan_only, "Print the plan, write nothing");
}

}  // namespace serdab::cli
