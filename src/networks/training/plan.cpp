#include "networks/training/plan.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "engine/base/error.h"
#include "networks/compiler/step/compile_step.h"
#include "networks/training/lower/lower_p2.h"
#include "networks/training/lower/lower_p3.h"
#include "networks/training/synthetic.h"

namespace serdab::training {
namespace {

using base::ErrorCode;

constexpr unsigned kMinLogN = 12, kMaxLogN = 16;
// Real data may take numbers so many bits beyond those of the synthetic run.
constexpr double kGuardBits = 2;
constexpr std::uint64_t kSyntheticSeed = 20201227;
// A twin whose weights pass this has diverged.
constexpr double kDiverged = 1e3;
// Largest of some 10^4 errors over their deviation.
constexpr double kPeak = 4;

LoweredStep lower(const StepGraph& graph, std::size_t samples, Packing packing, unsigned log_n) {
  const std::uint32_t positions = 1u << log_n;
  return packing == Packing::kP2 ? lower_p2(graph, samples, positions)
                                 : lower_p3(graph, samples, positions);
}

// The arguments of polynomials, under the names of their stages.
StepGraph with_arguments(StepGraph graph) {
  for (StepNodeId id = 0; id < graph.nodes.size(); ++id) {
    if (const auto* polynomial = std::get_if<PolynomialOp>(&graph.nodes[id].op)) {
      graph.output("argument " + graph.nodes[polynomial->from].label, polynomial->from);
    }
  }
  return graph;
}

class Planner {
 public:
  Planner(const Task& task, const ckks_params::MachineProfile& machine)
      : task_(task), machine_(machine) {}

  TrainingPlan run() {
    check();
    build_graphs();
    rehearse();
    find_parameters();
    describe();
    return std::move(plan_);
  }

 private:
  void check() const {
    if (task_.refresh == program::Refresh::kBootstrap) {
      base::fail(ErrorCode::kUnsupported,
                 "refresh by bootstrapping is not built yet; use --refresh client (the key holder "
                 "may see the model) or --refresh blinded (it may not)");
    }
    if (task_.batch == 0 || task_.batches == 0 || task_.steps == 0) {
      base::fail(ErrorCode::kInvalidArgument, "a run has at least one step on one sample");
    }
    if (task_.schedule.empty() || task_.schedule.front().first != 0) {
      base::fail(ErrorCode::kInvalidArgument, "the schedule of rates starts with step 0");
    }
    if (!(task_.initial_deviation > 0)) {
      base::fail(ErrorCode::kInvalidArgument, "the first weights need a positive deviation");
    }
  }

  void build_graphs() {
    for (const RateChange& change : task_.schedule) {
      Optimiser optimiser = task_.optimiser;
      optimiser.rate_factor = change.factor;
      const auto same = [&](const RateChange& other) {
        return other.factor.numerator == change.factor.numerator &&
               other.factor.shift == change.factor.shift;
      };
      const auto at = std::find_if(factors_.begin(), factors_.end(), same);
      plan_.package.schedule.push_back(
          {change.first, static_cast<std::uint32_t>(at - factors_.begin())});
      if (at != factors_.end()) continue;
      factors_.push_back(change);
      graphs_.push_back(training_step(task_.network, optimiser, task_.batch));
    }
    plan_.graph = graphs_.front();
  }

  // Trains the twin on synthetic data: ranges, and examples of what steps will be fed.
  void rehearse() {
    const LabelledRows rows = synthetic_rows(task_.batch, task_.network.widths.front(),
                                             task_.network.widths.back(), kSyntheticSeed);
    const Tensors batch = batch_tensors(task_, rows.features, rows.labels, {});
    Tensors weights = initial_weights(task_, kSyntheticSeed);
    std::map<std::string, double> ranges;
    for (std::uint64_t t = 0; t < task_.steps; ++t) {
      Tensors given = batch;
      given.insert(weights.begin(), weights.end());
      if (t == 0 || t == task_.steps / 2 || t + 1 == task_.steps) examples_.push_back(given);
      for (const auto& [name, values] : run_step(with_arguments(graph_at(t)), given, task_.batch)) {
        double& largest = ranges[name];
        for (const double v : values) largest = std::max(largest, std::abs(v));
        if (!(largest < kDiverged)) diverged(t);
        if (name.rfind("argument ", 0) != 0) weights[name] = values;
      }
    }
    for (const auto& [name, largest] : ranges) {
      if (name.rfind("argument ", 0) == 0) plan_.ranges.push_back({name.substr(9), largest});
    }
  }
  [[noreturn]] void diverged(std::uint64_t step) const {
    base::fail(ErrorCode::kUnsupported,
               "with this rate training diverges on synthetic data after " + std::to_string(step) +
                   " steps; lower --rate (half of it is a good try) or --init-deviation");
  }
  const StepGraph& graph_at(std::uint64_t step) const {
    std::uint32_t program = 0;
    for (const program::ScheduledProgram& phase : plan_.package.schedule) {
      if (phase.first <= step) program = phase.program;
    }
    return graphs_[program];
  }

  void find_parameters() {
    std::string tried;
    const auto packings = task_.packing == Packing::kAuto
                              ? std::vector<Packing>{Packing::kP3, Packing::kP2}
                              : std::vector<Packing>{task_.packing};
    for (const Packing packing : packings) {
      for (unsigned log_n = task_.log_n.value_or(kMinLogN); log_n <= task_.log_n.value_or(kMaxLogN);
           ++log_n) {
        try {
          compile(packing, log_n);
          return;
        } catch (const base::Error& error) {
          if (error.code() != ErrorCode::kUnsupported &&
              error.code() != ErrorCode::kInvalidArgument) {
            throw;
          }
          tried += "\n  packing " + std::string(packing == Packing::kP2 ? "p2" : "p3") +
                   ", N = 2^" + std::to_string(log_n) + ": " + error.what();
        }
      }
    }
    base::fail(ErrorCode::kUnsupported,
               "no parameters hold this training step; use fewer layers or units, a smaller "
               "--batch, or fewer --precision bits. Tried:" +
                   tried);
  }

  void compile(Packing packing, unsigned log_n) {
    std::vector<packing::SlotCircuit> circuits;
    for (const StepGraph& graph : graphs_) {
      LoweredStep lowered = lower(graph, task_.batch, packing, log_n);
      circuits.push_back(lowered.circuit);
      if (circuits.size() == 1) plan_.lowered = std::move(lowered);
    }
    std::vector<std::map<std::string, packing::SlotVectors>> examples(examples_.size());
    for (std::size_t i = 0; i < examples.size(); ++i) {
      for (const packing::CircuitNode& node : circuits.front().nodes) {
        const auto* input = std::get_if<packing::InputOp>(&node.op);
        if (input != nullptr) {
          examples[i][input->name] = place(plan_.lowered, input->name, examples_[i]);
        }
      }
    }
    compiler::StepGoal goal;
    goal.precision_bits = task_.precision_bits;
    goal.guard_bits = kGuardBits;
    goal.blinding_bits = task_.refresh == program::Refresh::kBlinded ? task_.blinding_bits : 0;
    compiler::CompiledStep compiled = compiler::compile_step(circuits, examples, goal, machine_);
    plan_.packing = packing;
    plan_.counts = packing::count(circuits.front());
    plan_.precision_bits = compiled.precision_bits;
    plan_.seconds = compiled.seconds;
    plan_.considered = std::move(compiled.considered);
    plan_.package.programs = std::move(compiled.programs);
    plan_.package.parameters = std::move(compiled.parameters);
    plan_.package.states = std::move(compiled.states);
  }

  void describe() {
    program::StepPackage& package = plan_.package;
    package.model = task_.name;
    package.refresh = task_.refresh;
    package.batches = task_.batches;
    for (program::StepState& state : package.states) {
      state.error = std::exp2(-plan_.precision_bits) / kPeak;
      state.stride = repeat_stride(state.name);
    }
    package.blinding_bits = task_.refresh == program::Refresh::kBlinded ? task_.blinding_bits : 0;
    package.limit = limit();
  }

  // What the smallest guard allows.
  double limit() const {
    double magnitude = 0;
    for (const program::Output& output : plan_.package.programs.front().outputs) {
      magnitude =
          std::max(magnitude, plan_.package.programs.front().values[output.value].calibrated);
    }
    return magnitude * std::exp2(kGuardBits);
  }

  // Slots of a state repeat with the largest power of two by which every element's rows do.
  std::uint32_t repeat_stride(const std::string& port) const {
    const std::uint32_t positions = plan_.lowered.circuit.positions;
    std::uint32_t period = 1;
    for (const auto& [name, place] : plan_.lowered.places) {
      if (place.port != port) continue;
      for (std::size_t e = 0; e < place.layout.elements(); ++e) {
        while (period < positions && !repeats(place.layout.of(e), positions, period)) period *= 2;
      }
    }
    return positions / period;
  }
  static bool repeats(std::span<const std::uint32_t> rows, std::uint32_t positions,
                      std::uint32_t period) {
    return std::all_of(rows.begin(), rows.end(), [&](std::uint32_t row) {
      const std::uint32_t next = row / positions * positions + (row + period) % positions;
      return std::find(rows.begin(), rows.end(), next) != rows.end();
    });
  }

  const Task& task_;
  const ckks_params::MachineProfile& machine_;
  TrainingPlan plan_;
  std::vector<RateChange> factors_;
  std::vector<StepGraph> graphs_;
  std::vector<Tensors> examples_;
};

}  // namespace

TrainingPlan plan_training(const Task& task, const ckks_params::MachineProfile& machine) {
  return Planner(task, machine).run();
}

LoweredStep lower_task(const Task& task, Packing packing, unsigned log_n) {
  Optimiser optimiser = task.optimiser;
  optimiser.rate_factor = task.schedule.front().factor;
  return lower(training_step(task.network, optimiser, task.batch), task.batch, packing, log_n);
}

}  // namespace serdab::training
