#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "networks/graph/onnx/export.h"
#include "passphrase.h"
#include "service/client/training.h"
#include "service/wire/sealed_file.h"
#include "train/network_graph.h"
#include "train/release_file.h"
#include "train/slots.h"
#include "train/verbs.h"

namespace serdab::cli {
namespace train {
namespace {

struct ExportOptions {
  std::string client, state, output, inputs, passphrase_file;
  bool own_eyes = false;
};

// The budget is stored before anything of the model is.
client::PortRows reveal(const ExportOptions& options, const ClientFolder& folder,
                        const client::StepModel& model) {
  const auto secret = client::load_secret_key(*model.context, folder.secret,
                                              passphrase_source(options.passphrase_file));
  const wire::Opened state = wire::open_file(wire::FileKind::kTrainingState, options.state);
  if (options.own_eyes) {
    return client::decrypt_state(model, secret, state.payload, options.state);
  }
  ckks_secret::ReleaseBudget budget = read_budget(folder.releases);
  auto rows = client::release_state(model, secret, state.payload, options.state, budget);
  write_budget(folder.releases, budget);
  return rows;
}

// Rows for 'serdab encrypt' and 'evaluate': inputs in [0, 1], then the label.
std::size_t write_inputs(const TaskFile& task, const std::string& path) {
  const auto table = datasets::read_table(task.data, task.label);
  const auto& rows = task.test.empty() ? task.training : task.test;
  const auto scaled = datasets::scale_rows(task.scaling, table, rows);
  const auto unit = datasets::to_unit(task.scaling, scaled.values);
  const std::size_t width = task.scaling.width();
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t k = 0; k < width; ++k) text += fmt::format("{:.17g},", unit[r * width + k]);
    text += fmt::format("{}\n", table.labels[rows[r]]);
  }
  wire::write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  return rows.size();
}

// Above this the noise that hides decryption's own error may cost labels.
constexpr double kCoarse = 0.02;

void warn(double deviation, const TaskFile& task) {
  fmt::print(stderr,
             "serdab: warning: the noise that makes the model safe to hand on moves weights by "
             "+-{:.2g}. Plan such a training with a higher --precision (this one has {:.0f}; 30 "
             "is a good choice) and few --exports, or export with --own-eyes and keep the model\n",
             deviation, task.task.precision_bits);
}

void run(const ExportOptions& options, const Globals& globals) {
  const ClientFolder folder(options.client);
  const TaskFile task = read_task_file(folder.task);
  const client::StepModel model = client::StepModel::load(folder.step);
  const auto lowered = training::lower_task(task.task, task.task.packing, *task.task.log_n);
  const auto weights = tensors_in(lowered, reveal(options, folder, model));
  graph::export_onnx(network_graph(task, weights), options.output);
  const std::size_t rows = options.inputs.empty() ? 0 : write_inputs(task, options.inputs);
  const ckks_secret::ReleaseBudget budget = read_budget(folder.releases);
  const double deviation = options.own_eyes ? 0 : client::release_deviation(model, budget);
  if (deviation > kCoarse) warn(deviation, task);
  if (globals.json) {
    fmt::print("{}\n", nlohmann::json{{"model", options.output},
                                      {"own_eyes", options.own_eyes},
                                      {"release_deviation", deviation},
                                      {"releases_used", budget.used()},
                                      {"releases_allowed", budget.allowed()},
                                      {"rows", rows}}
                           .dump(2));
    return;
  }
  fmt::print("{}: {}\n", options.output,
             options.own_eyes ? "exact; show it to nobody who has seen the server's files"
                              : fmt::format("safe to hand on; {} of {} releases of this key used",
                                            budget.used(), budget.allowed()));
  if (rows > 0) fmt::print("{}: {} rows in [0, 1] with their labels\n", options.inputs, rows);
}

}  // namespace
}  // namespace train

void add_train_export(CLI::App& train_group, Globals& globals) {
  auto options = std::make_shared<train::ExportOptions>();
  CLI::App* verb = add_verb(train_group, globals, "export",
                            "Decrypt a trained network and write it as ONNX (client)",
                            [options, &globals] { train::run(*options, globals); });
  verb->add_option("CLIENT", options->client, "Your folder that 'train init' made")->required();
  verb->add_option("--state", options->state, "The server's state.sdb")->required();
  verb->add_option("-o,--output", options->output, "The network, .onnx, for 'serdab compile'")
      ->required();
  add_passphrase_file(verb, options->passphrase_file);
  verb->add_option("--inputs", options->inputs,
                   "Write the test rows (the training rows if there are none) as a CSV file that "
                   "'serdab encrypt' and 'evaluate' take");
  verb->add_flag("--own-eyes", options->own_eyes,
                 "Do not hide decryption's own error, which depends on the key: more precise, but "
                 "then the model must stay with you");
}

}  // namespace serdab::cli
