#include "networks/program/noise.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

namespace serdab::program {
namespace {

using ckks_params::NoiseModel;
using ckks_params::NoisePower;

// What a transform adds, averaged over the positions that it writes.
NoisePower transform_noise(const Program& program, const Value& value, const Transform& op,
                           const NoiseModel& model) {
  const Value& from = program.values[op.from];
  // Every period is like the first.
  const std::uint32_t period = program.positions / op.repeats;
  std::vector<bool> written(std::size_t{value.count} * period);
  ckks_params::TransformWeights weights;
  for (const Diagonal& diagonal : op.diagonals) {
    const auto steps = static_cast<double>(op.babies[diagonal.baby].steps.size());
    double squares = 0;
    for (std::size_t i = 0; i < diagonal.positions.size(); ++i) {
      written[std::size_t{diagonal.output} * period + diagonal.positions[i]] = true;
      squares += double{1} * diagonal.weights[i] * diagonal.weights[i];
    }
    weights.rotated_squares += steps * squares;
    weights.composed_squares += std::max(0.0, steps - 1) * squares;
  }
  const auto rows = static_cast<double>(
      std::max<std::ptrdiff_t>(1, std::count(written.begin(), written.end(), true)));
  weights.rotated_squares /= rows;
  weights.composed_squares /= rows;
  weights.diagonals = 1;  // met_square is of all of them
  for (const Rotation& giant : op.giants) weights.giant_steps += giant.steps.size();
  return model.linear_transform({}, op.met_square, from.scale, weights, op.weight_scale,
                                value.level);
}

double key_switches(const std::vector<Rotation>& rotations) {
  double steps = 0;
  for (const Rotation& rotation : rotations) steps += static_cast<double>(rotation.steps.size());
  return steps;
}

// The factors' rounding times the message, of which only the largest magnitude is known.
NoisePower mask_noise(const Program& program, const Mask& op, const NoiseModel& model) {
  const Value& from = program.values[op.from];
  return model.multiply_plain({}, from.calibrated * from.calibrated, from.scale, 0,
                              op.weight_scale);
}

}  // namespace

double met_square(const Transform& op, std::uint32_t positions,
                  std::span<const double> row_squares) {
  std::uint32_t outputs = 0;
  for (const Diagonal& diagonal : op.diagonals) outputs = std::max(outputs, diagonal.output + 1);
  std::vector<bool> written(std::size_t{outputs} * positions);
  for (const Diagonal& diagonal : op.diagonals) {
    for (const std::uint32_t first : diagonal.positions) {
      for (std::uint32_t p = first; p < positions; p += positions / op.repeats) {
        written[std::size_t{diagonal.output} * positions + p] = true;
      }
    }
  }
  double sum = 0;
  for (const Diagonal& diagonal : op.diagonals) {
    const std::size_t shift =
        std::size_t{op.babies[diagonal.baby].shift} + op.giants[diagonal.giant].shift;
    const double* squares = row_squares.data() + std::size_t{diagonal.input} * positions;
    for (std::uint32_t p = 0; p < positions; ++p) {
      if (written[std::size_t{diagonal.output} * positions + p]) {
        sum += squares[(p + shift) % positions];
      }
    }
  }
  return sum / static_cast<double>(
                   std::max<std::ptrdiff_t>(1, std::count(written.begin(), written.end(), true)));
}

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
  if (const auto* mask = std::get_if<Mask>(&value.op)) power = mask_noise(program, *mask, model);
  if (const auto* rotate = std::get_if<Rotate>(&value.op)) {
    power = {key_switches(rotate->rotations) / value.count * model.key_switch(value.level).value};
  }
  if (const auto* total = std::get_if<RotatedTotal>(&value.op)) {
    power = {key_switches(total->rotations) * model.key_switch(value.level).value};
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
