#include "networks/program/noise.h"

#include <cmath>
#include <memory>
#include <random>

namespace serdab::program {

double added_noise(const Program& program, ValueId id, const ckks_params::NoiseModel& model) {
  const Value& value = program.values[id];
  ckks_params::NoisePower power;
  if (std::holds_alternative<Input>(value.op)) power = model.encoding() + model.symmetric();
  if (std::holds_alternative<Relinearise>(value.op)) power = model.key_switch(value.level);
  if (const auto* rescale = std::get_if<Rescale>(&value.op)) {
    const double dropped = std::log2(program.values[rescale->from].scale.value / value.scale.value);
    power = model.rescale({}, dropped, value.parts);
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
