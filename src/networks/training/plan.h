#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/ckks_params/cost_model.h"
#include "networks/packing/circuit_counts.h"
#include "networks/program/step_package.h"
#include "networks/training/lower/lowered_step.h"
#include "networks/training/perceptron.h"

namespace serdab::training {

enum class Packing : std::uint8_t { kAuto = 0, kP2 = 1, kP3 = 2 };

/// From step `first` on the learning rate is `factor` times the optimiser's.
struct RateChange {
  std::uint64_t first = 0;
  Dyadic factor{1, 0};
};

/// What is to be trained, all of it public.
struct Task {
  std::string name;
  Perceptron network;
  Optimiser optimiser;  ///< rate_factor is taken from the schedule
  std::vector<RateChange> schedule{{0, {1, 0}}};
  std::size_t batch = 0;  ///< samples of a step
  std::uint32_t batches = 1;
  std::uint64_t steps = 100;       ///< planned
  double initial_deviation = 0.3;  ///< of the first weights
  Packing packing = Packing::kAuto;
  program::Refresh refresh = program::Refresh::kClient;
  double precision_bits = 20;  ///< of the weights, per step
  double blinding_bits = 40;
  std::optional<unsigned> log_n;  ///< the cheapest if empty
};

/// The largest magnitude of a stage's polynomial arguments, in the twin on synthetic data.
struct RangeForecast {
  std::string stage;  ///< "layer 1 forward"
  double magnitude = 0;
};

struct TrainingPlan {
  program::StepPackage package;
  LoweredStep lowered;  ///< where tensors stand
  StepGraph graph;      ///< of the first phase
  Packing packing = Packing::kP3;
  packing::CircuitCounts counts;  ///< of a step
  double precision_bits = 0;      ///< predicted, per step
  double seconds = 0;             ///< predicted, of a step on one thread
  std::vector<RangeForecast> ranges;
  std::vector<std::string> considered;
};

/// The steps' graphs, circuits and programs. Ranges are those of the twin, trained for the planned
/// steps on synthetic data (clusters in [−1, 1], drawn from a fixed seed), times 4. Throws
/// base::Error(kInvalidArgument or kUnsupported) that names the field and the remedy: the rate is
/// too high (the twin diverges), the batch does not fit, bootstrapping is not built.
TrainingPlan plan_training(const Task& task, const ckks_params::MachineProfile& machine);

/// Only where tensors stand, for a package planned before; as plan_training lowers.
LoweredStep lower_task(const Task& task, Packing packing, unsigned log_n);

/// First weights N(0, initial_deviation), biases too, from a seed: "w1" …, "v1" … alike.
Tensors initial_weights(const Task& task, std::uint64_t seed);

/// The tensors of a batch from rows of features and class labels: "x" with its last unit 1, "y" one
/// for the class, 0 otherwise, and where samples are weighted "r" by class, "y" times it.
Tensors batch_tensors(const Task& task, const std::vector<double>& features,
                      const std::vector<std::uint32_t>& labels,
                      const std::vector<double>& class_weights);

/// The twin: steps `first` to `last` on the batches in turn, from `weights`; the weights after.
Tensors run_twin(const Task& task, const std::vector<Tensors>& batches, Tensors weights,
                 std::uint64_t first, std::uint64_t last);

}  // namespace serdab::training
