#include "train/plan_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "common.h"
#include "engine/ckks_params/parameters.h"
#include "train/options.h"

namespace serdab::cli::train {
namespace {

constexpr double kRoom = 4;  // above what was forecast, before numbers wrap
constexpr double kMuch = 2;  // of it is used by the first batch already

std::string layers_text(const training::Task& task) {
  std::string text;
  for (const std::size_t width : task.network.widths) {
    text += (text.empty() ? "" : "-") + std::to_string(width);
  }
  return text;
}

std::string size(std::size_t bytes) { return size_text(static_cast<double>(bytes)); }

const char* refresh_meaning(program::Refresh refresh) {
  return refresh == program::Refresh::kClient ? "the key holder sees the weights"
                                              : "the key holder sees noise";
}

}  // namespace

std::string plan_text(const training::Task& task, const training::TrainingPlan& plan,
                      const PlanBytes& bytes) {
  const auto parameters = ckks_params::Parameters::create(plan.package.parameters);
  const auto refresh = program::refresh_bytes(plan.package);
  const auto& counts = plan.counts;
  std::string text = fmt::format(
      "task           {}: network {}, {} rows a step, {} data batch(es), packing {}\n"
      "each step      {} rotations ({} of them hoisted), {} products, {} relinearisations, {} "
      "masks, depth {}, {} ciphertexts in\n"
      "security       {} bits: N = {}, log2 QP = {:.1f}\n"
      "predicted      {:.1f} ms a step on one thread, weights right to {:.1f} bits a step\n"
      "files          keys {}, data {}, state {}\n"
      "refresh        {} ({}): {} to the client and {} back, after every step\n",
      task.name, layers_text(task), task.batch, task.batches, packing_name(plan.packing),
      counts.rotations(), counts.hoisted_rotations, counts.products, counts.relinearisations,
      counts.masks, counts.depth, counts.ciphertexts,
      ckks_params::security_bits(parameters.security()), parameters.n(), parameters.log_qp(),
      plan.seconds * 1e3, plan.precision_bits, size(bytes.keys), size(bytes.data),
      size(bytes.state), program::refresh_name(plan.package.refresh),
      refresh_meaning(plan.package.refresh), size(refresh.request), size(refresh.answer));
  text += "range forecast of the polynomials' arguments\n";
  for (const auto& range : plan.ranges) {
    text += fmt::format("  {:<24} +-{:.3g}, room to {:.3g}\n", range.stage, range.magnitude,
                        kRoom * range.magnitude);
  }
  return text;
}

std::string plan_json(const training::Task& task, const training::TrainingPlan& plan,
                      const PlanBytes& bytes) {
  const auto parameters = ckks_params::Parameters::create(plan.package.parameters);
  const auto refresh = program::refresh_bytes(plan.package);
  nlohmann::json ranges = nlohmann::json::array();
  for (const auto& range : plan.ranges) {
    ranges.push_back({{"stage", range.stage}, {"magnitude", range.magnitude}});
  }
  return nlohmann::json{{"task", task.name},
                        {"layers", task.network.widths},
                        {"samples", task.batch},
                        {"batches", task.batches},
                        {"steps", task.steps},
                        {"packing", packing_name(plan.packing)},
                        {"refresh", program::refresh_name(plan.package.refresh)},
                        {"rotations", plan.counts.rotations()},
                        {"hoisted_rotations", plan.counts.hoisted_rotations},
                        {"ct_mults", plan.counts.products},
                        {"relinearisations", plan.counts.relinearisations},
                        {"masks", plan.counts.masks},
                        {"depth", plan.counts.depth},
                        {"ciphertexts", plan.counts.ciphertexts},
                        {"n", parameters.n()},
                        {"log_q", parameters.log_q()},
                        {"log_qp", parameters.log_qp()},
                        {"security_bits", ckks_params::security_bits(parameters.security())},
                        {"plan_seconds_per_step", plan.seconds},
                        {"plan_precision_bits", plan.precision_bits},
                        {"key_bytes", bytes.keys},
                        {"data_bytes", bytes.data},
                        {"state_bytes", bytes.state},
                        {"refresh_bytes", refresh.request + refresh.answer},
                        {"refresh_request_bytes", refresh.request},
                        {"refresh_answer_bytes", refresh.answer},
                        {"ranges", ranges}}
      .dump(2);
}

namespace {

// Every polynomial's argument as an output of the step.
training::StepGraph with_arguments(const training::StepGraph& step) {
  training::StepGraph graph = step;
  graph.outputs.clear();
  for (const training::StepNode& node : step.nodes) {
    if (const auto* op = std::get_if<training::PolynomialOp>(&node.op)) {
      graph.output(std::to_string(op->from), op->from);
    }
  }
  return graph;
}

}  // namespace

std::vector<std::string> range_warnings(const training::Task& task,
                                        const training::TrainingPlan& plan,
                                        const training::Tensors& batch,
                                        const training::Tensors& weights) {
  training::Tensors given = batch;
  given.insert(weights.begin(), weights.end());
  std::map<std::string, double> met;
  for (const auto& [id, values] : run_step(with_arguments(plan.graph), given, task.batch)) {
    double& largest = met[plan.graph.nodes[std::stoul(id)].label];
    for (const double value : values) largest = std::max(largest, std::abs(value));
  }
  std::vector<std::string> warnings;
  for (const auto& range : plan.ranges) {
    const auto at = met.find(range.stage);
    if (at == met.end() || at->second <= kMuch * range.magnitude) continue;
    warnings.push_back(fmt::format(
        "{}: the first batch reaches {:.3g}, the forecast is {:.3g}, and at {:.3g} numbers may "
        "overflow; lower --rate or --init-deviation, or look for outliers in the data",
        range.stage, at->second, range.magnitude, kRoom * range.magnitude));
  }
  return warnings;
}

}  // namespace serdab::cli::train
