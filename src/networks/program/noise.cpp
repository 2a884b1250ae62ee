#include "networks/program/noise.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

namespace serdab::program {
namespace {

using ckks_params::NoiseModel;
using ckks_params::NoisePower;

// Rounded weights times the operand; errors of the rotated operand times the weights; one division
// for each rotated inner sum and one for all.
NoisePower transform_noise(const Program& program, const Value& value, const Transform& op,
                           const NoiseModel& model) {
  const Value& from = program.values[op.from];
  double squares = 0;
  std::size_t rows = 0;
  std::vector<bool> seen(std::size_t{value.count} * program.positions);
  for (const Diagonal& diagonal : op.diagonals) {
    const bool rotated = op.babies[diagonal.baby].shift != 0;
    for (std::size_t i = 0; i < diagonal.positions.size(); ++i) {
      const std::size_t row =
          std::size_t{diagonal.output} * program.positions + diagonal.positions[i];
      if (!seen[row]) ++rows;
      seen[row] = true;
      if (rotated) squares += double{1} * diagonal.weights[i] * diagonal.weights[i];
    }
  }
  const double per_output = static_cast<double>(op.diagonals.size()) / value.count;
  const double message = from.mean_square * from.scale.value * from.scale.value;
  NoisePower power{per_output * model.encoding().value * message};
  double division_count = 1;
  for (const Rotation& giant : op.giants) {
    if (giant.shift != 0) division_count += static_cast<double>(giant.steps.size());
  }
  power.value += division_count * model.key_switch(value.level).value;
  const double gain = op.weight_scale.value * op.weight_scale.value;
  return power + NoisePower{model.key_error(value.level).value * gain * squares /
                            static_cast<double>(std::max<std::size_t>(1, rows))};
}

}  // namespace

double added_noise(const Program& program, ValueId id, const ckks_params::NoiseModel& model) {
  const Value& value = program.values[id];
  ckks_params::NoisePower power;
  if (std::holds_alternative<Input>(value.op)) power = model.encoding() + model.symmetric();
  if (std::holds_alternative<Relinearise>(value.op)) power = model.key_switch(value.level);
  if (const auto* rescale = std::get_if<Rescale>(&value.op)) {
    const double dropped = std::log2(program.values[rescale->from].scale.value / value.scale.value);
    power = model.rescale({}, dropped, value.parts);
  }
  // One constant for all slots is rounded once, a vector in every coefficient.
  if (const auto* constant = std::get_if<AddConstant>(&value.op)) {
    if (program.positions > 1 && constant->constants.size() > 1) power = model.encoding();
  }
  if (const auto* transform = std::get_if<Transform>(&value.op)) {
    power = transform_noise(program, value, *transform, model);
  }
  if (const auto* sum = std::get_if<RotateSum>(&value.op)) {
    // Each sum doubles the power of what came before.
    for (const Rotation& rotation : sum->rotations) {
      power = {2 * power.value +
               static_cast<double>(rotation.steps.size()) * model.key_switch(value.level).value};
    }
  }
  return model.slot_deviation(power, value.scale);
}

Observer noise_observer(const Program& program, const ckks_params::NoiseModel& model,
                        std::uint64_t seed) {
  auto random = std::make_shared<std::mt19937_64>(seed);
  return [&program, &model, random](ValueId id, Bundle& bundle) {
    const double deviation = added_noise(program, id, model);
    if (deviation == 0) return;
    std::normal_distribution<double> normal(0, deviation);
    for (double& x : bundle.data) x += normal(*random);
  };
}

}  // namespace serdab::program
