#include "stage_table.h"

#include <fmt/format.h>

#include "bench/floors.h"
#include "bench/rows.h"
#include "engine/base/clock.h"
#include "engine/kernels/kernels.h"
#include "machine_profile.h"
#include "networks/compiler/plan/work.h"
#include "networks/program/prepared_weights.h"

namespace serdab::cli {
namespace {

using program::WorkKind;

std::size_t steps_of(const std::vector<program::Rotation>& rotations) {
  std::size_t steps = 0;
  for (const program::Rotation& rotation : rotations) steps += rotation.steps.size();
  return steps;
}

// How often each kind of work is done in a query.
program::ByWork<std::size_t> times_of(const program::Package& package) {
  const program::Program& program = package.program;
  const auto divided = program::divided_by_rescale(program);
  const auto prepared = program::prepared_weights(
      program, std::size_t{1} << package.parameters.log_n, program::kPreparedWeightBytes);
  program::ByWork<std::size_t> times;
  for (program::ValueId id = 0; id < program.values.size(); ++id) {
    const program::Value& value = program.values[id];
    const auto add = [&](WorkKind kind, std::size_t count) { times[kind] += count; };
    if (const auto* transform = std::get_if<program::Transform>(&value.op)) {
      const std::size_t inputs = program.values[transform->from].count;
      add(WorkKind::kDecomposing, inputs);
      add(WorkKind::kInnerProducts, inputs * steps_of(transform->babies));
      add(WorkKind::kPlaintextProducts, transform->diagonals.size());
      if (!prepared[id]) add(WorkKind::kEncoding, transform->diagonals.size());
      add(WorkKind::kGiantSteps, value.count * steps_of(transform->giants));
      if (!divided[id]) add(WorkKind::kDivisions, value.count);
    } else if (const auto* sum = std::get_if<program::RotateSum>(&value.op)) {
      add(WorkKind::kGiantSteps, value.count * steps_of(sum->rotations));
      if (!divided[id]) add(WorkKind::kDivisions, value.count);
    } else if (std::holds_alternative<program::Input>(value.op)) {
      add(WorkKind::kUnpacking, value.count);
    } else if (std::holds_alternative<program::Rescale>(value.op)) {
      add(WorkKind::kDivisions, value.count);
    } else if (std::holds_alternative<program::Relinearise>(value.op)) {
      add(WorkKind::kRelinearising, value.count);
    } else if (std::holds_alternative<program::Affine>(value.op)) {
      add(WorkKind::kWeightedSums, value.count);
    } else if (std::holds_alternative<program::Square>(value.op) ||
               std::holds_alternative<program::Multiply>(value.op)) {
      add(WorkKind::kCiphertextProducts, value.count);
    } else if (!std::holds_alternative<program::ModDrop>(value.op)) {
      add(WorkKind::kAdditions, value.count);
    }
  }
  times[WorkKind::kPacking] = program.answer().count;
  return times;
}

}  // namespace

std::vector<StageRow> stage_rows(const program::Package& package,
                                 const program::ByWork<double>& measured_seconds) {
  const double clock = base::clock_rate();
  const UnitRates rates = unit_rates(kernels::kernels().name, memory_bandwidth() / clock);
  const ckks_params::MachineProfile machine = machine_profile();
  const compiler::WorkByKind work = compiler::query_work(package.program, package.parameters.log_n,
                                                         package.parameters.digit_primes);
  const auto times = times_of(package);
  std::vector<StageRow> rows;
  for (std::size_t i = 0; i < program::kWorkKinds; ++i) {
    const auto kind = static_cast<WorkKind>(i);
    if (times[kind] == 0) continue;
    const ckks_params::WorkCounts& counts = work[kind];
    const Work least = {.butterflies = counts.butterflies,
                        .products = counts.multiplications,
                        .bytes = counts.streamed_bytes,
                        .short_products = counts.short_products,
                        .gemm_products = counts.macs + counts.wide_macs};
    rows.push_back({program::work_name(kind), times[kind], measured_seconds[kind] * 1e3,
                    machine.seconds(counts, 1) * 1e3, least.floor_cycles(rates) / clock * 1e3});
  }
  return rows;
}

std::string stage_text(const std::vector<StageRow>& rows) {
  std::string text =
      "floor: butterflies and multiply-adds at the vector units' rates (data in registers), or "
      "keys "
      "and\nweights at the memory's bandwidth, whichever is more; other words are not counted. "
      "Processor\nmilliseconds of one query on one thread, the median of --repeat.\n";
  text += fmt::format("{:<22}{:>7}{:>12}{:>12}{:>10}{:>10}\n", "stage", "times", "measured",
                      "predicted", "floor", "x floor");
  StageRow total{"together", 0, 0, 0, 0};
  const auto line = [&](const StageRow& row) {
    text +=
        fmt::format("{:<22}{:>7}{:>12.3f}{:>12.3f}{:>10.3f}{:>10}\n", row.stage,
                    row.times > 0 ? std::to_string(row.times) : "", row.measured_ms,
                    row.predicted_ms, row.floor_ms,
                    row.floor_ms > 0 ? fmt::format("{:.1f}", row.measured_ms / row.floor_ms) : "");
  };
  for (const StageRow& row : rows) {
    line(row);
    total.measured_ms += row.measured_ms;
    total.predicted_ms += row.predicted_ms;
    total.floor_ms += row.floor_ms;
  }
  line(total);
  return text;
}

nlohmann::json stage_json(const std::vector<StageRow>& rows) {
  nlohmann::json json = nlohmann::json::array();
  for (const StageRow& row : rows) {
    json.push_back({{"stage", row.stage},
                    {"times", row.times},
                    {"measured_ms", row.measured_ms},
                    {"predicted_ms", row.predicted_ms},
                    {"floor_ms", row.floor_ms}});
  }
  return json;
}

}  // namespace serdab::cli
