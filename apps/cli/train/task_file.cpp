#include "train/task_file.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "service/wire/file.h"
#include "train/options.h"

namespace serdab::cli::train {
namespace {

using nlohmann::json;

json to_json(const training::Task& task) {
  json schedule = json::array();
  for (const auto& change : task.schedule) {
    schedule.push_back({{"first", change.first}, {"share", dyadic_text(change.factor)}});
  }
  return {{"name", task.name},
          {"layers", task.network.widths},
          {"activations", task.network.activations},
          {"loss", loss_name(task.network.loss)},
          {"output_polynomial", task.network.output_polynomial},
          {"class_weights", task.network.weighted_samples},
          {"rate", task.optimiser.rate},
          {"momentum", dyadic_text(task.optimiser.momentum)},
          {"decay", task.optimiser.decay},
          {"schedule", schedule},
          {"batch", task.batch},
          {"batches", task.batches},
          {"steps", task.steps},
          {"initial_deviation", task.initial_deviation},
          {"packing", packing_name(task.packing)},
          {"refresh", program::refresh_name(task.refresh)},
          {"precision_bits", task.precision_bits},
          {"blinding_bits", task.blinding_bits},
          {"log_n", task.log_n.value_or(0)}};
}

training::Task task_from(const json& from) {
  training::Task task;
  task.name = from.at("name");
  from.at("layers").get_to(task.network.widths);
  from.at("activations").get_to(task.network.activations);
  task.network.loss =
      from.at("loss") == "softmax" ? training::Loss::kCrossEntropy : training::Loss::kMeanSquared;
  from.at("output_polynomial").get_to(task.network.output_polynomial);
  task.network.weighted_samples = from.at("class_weights");
  task.optimiser.rate = from.at("rate");
  task.optimiser.momentum = parse_dyadic(from.at("momentum"), "momentum");
  task.optimiser.decay = from.at("decay");
  task.schedule.clear();
  for (const json& change : from.at("schedule")) {
    task.schedule.push_back({change.at("first"), parse_dyadic(change.at("share"), "schedule")});
  }
  task.batch = from.at("batch");
  task.batches = from.at("batches");
  task.steps = from.at("steps");
  task.initial_deviation = from.at("initial_deviation");
  task.packing = from.at("packing") == "p2" ? training::Packing::kP2 : training::Packing::kP3;
  task.refresh =
      from.at("refresh") == "blinded" ? program::Refresh::kBlinded : program::Refresh::kClient;
  task.precision_bits = from.at("precision_bits");
  task.blinding_bits = from.at("blinding_bits");
  task.log_n = from.at("log_n").get<unsigned>();
  return task;
}

json to_json(const std::vector<datasets::ColumnStatistics>& columns) {
  json array = json::array();
  for (const auto& c : columns) {
    array.push_back({{"column", c.column},
                     {"name", c.name},
                     {"low", c.low},
                     {"high", c.high},
                     {"mean", c.mean},
                     {"deviation", c.deviation}});
  }
  return array;
}

std::vector<datasets::ColumnStatistics> columns_from(const json& array) {
  std::vector<datasets::ColumnStatistics> columns;
  for (const json& c : array) {
    columns.push_back(
        {c.at("column"), c.at("name"), c.at("low"), c.at("high"), c.at("mean"), c.at("deviation")});
  }
  return columns;
}

json to_json(const datasets::Scaling& scaling) {
  return {{"method", scaling.method == datasets::ScalingMethod::kMinMax ? "min-max" : "standard"},
          {"limit", scaling.limit},
          {"columns", to_json(scaling.columns)},
          {"dropped", to_json(scaling.dropped)}};
}

datasets::Scaling scaling_from(const json& from) {
  datasets::Scaling scaling;
  scaling.method = from.at("method") == "standard" ? datasets::ScalingMethod::kStandard
                                                   : datasets::ScalingMethod::kMinMax;
  scaling.limit = from.at("limit");
  scaling.columns = columns_from(from.at("columns"));
  scaling.dropped = columns_from(from.at("dropped"));
  return scaling;
}

}  // namespace

ClientFolder::ClientFolder(const std::string& folder) : path(folder) {
  const std::filesystem::path base(folder);
  task = (base / "task.json").string();
  step = (base / "step.sdb").string();
  secret = (base / "secret.key").string();
  releases = (base / "releases.json").string();
  curve = (base / "curve.csv").string();
  picture = (base / "curve.png").string();
}

std::string scaling_json(const datasets::Scaling& scaling) { return to_json(scaling).dump(); }

void write_task_file(const TaskFile& file, const std::string& path) {
  const std::string text = json{{"task", to_json(file.task)},
                                {"data",
                                 {{"file", file.data},
                                  {"label", file.label},
                                  {"classes", file.classes},
                                  {"training_rows", file.training},
                                  {"test_rows", file.test}}},
                                {"scaling", to_json(file.scaling)}}
                               .dump(2) +
                           "\n";
  wire::write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, 0600);
}

TaskFile read_task_file(const std::string& path) {
  const auto bytes = wire::read_file(path, std::uint64_t{1} << 28);
  TaskFile file;
  try {
    const json from = json::parse(bytes);
    file.task = task_from(from.at("task"));
    const json& data = from.at("data");
    file.data = data.at("file");
    file.label = data.at("label");
    data.at("classes").get_to(file.classes);
    data.at("training_rows").get_to(file.training);
    data.at("test_rows").get_to(file.test);
    file.scaling = scaling_from(from.at("scaling"));
  } catch (const json::exception& error) {
    base::fail(base::ErrorCode::kCorrupt, path + ": " + error.what());
  }
  return file;
}

}  // namespace serdab::cli::train
