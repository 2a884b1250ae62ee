#include "engine/ckks_params/noise.h"

#include <cmath>

#include "engine/base/error.h"

namespace serdab::ckks_params {
namespace {

constexpr double kErrorVariance = 3.2 * 3.2;
constexpr double kTernaryVariance = 2.0 / 3.0;
constexpr double kRoundingVariance = 1.0 / 12.0;

/// Mean square of a scaled message.
double scaled(double message, base::Scale scale) { return message * scale.value * scale.value; }

}  // namespace

double NoiseModel::gain(std::size_t stride) const {
  const double n = static_cast<double>(parameters_.n() / stride);
  // Z[X]/(X^N + 1): N unit vectors. The other ring: 1 and 2cos(…), whose squares average 2.
  return parameters_.ring() == base::RingKind::kStandard ? n : 2 * n - 1;
}

double NoiseModel::secret_power() const { return gain() * kTernaryVariance; }

double NoiseModel::secret_moments(std::size_t parts) const {
  // |s|² behaves like an exponential variable (complex slots: E|s|^2k = k!·power^k) or like the
  // square of a Gaussian (real slots: 1·3·5···(2k − 1)·power^k).
  double moment = 1, sum = 0;
  for (std::size_t k = 0; k < parts; ++k) {
    sum += moment;
    const double order = static_cast<double>(k + 1);
    moment *=
        secret_power() * (parameters_.ring() == base::RingKind::kStandard ? order : 2 * order - 1);
  }
  return sum;
}

double NoiseModel::rounding(std::size_t parts) const {
  return gain() * kRoundingVariance * secret_moments(parts);
}

NoisePower NoiseModel::encoding() const { return {gain() * kRoundingVariance}; }

NoisePower NoiseModel::symmetric() const { return {gain() * kErrorVariance}; }

NoisePower NoiseModel::public_key() const {
  const double error = gain() * kErrorVariance;
  const double sum = error * (1 + 2 * secret_power());  // u·e + e0 + e1·s, u distributed as s
  if (parameters_.p().empty()) return {sum};
  return {sum * std::exp2(-2 * parameters_.log_p()) + rounding(2)};
}

NoisePower NoiseModel::multiply(NoisePower a, double message_a, base::Scale scale_a, NoisePower b,
                                double message_b, base::Scale scale_b) const {
  return {a.value * scaled(message_b, scale_b) + b.value * scaled(message_a, scale_a) +
          a.value * b.value};
}

NoisePower NoiseModel::square(NoisePower a, double message, base::Scale scale) const {
  return {4 * a.value * scaled(message, scale) + 3 * a.value * a.value};
}

NoisePower NoiseModel::multiply_plain(NoisePower a, double message, base::Scale scale, double plain,
                                      base::Scale plain_scale) const {
  return multiply(a, message, scale, encoding(), plain, plain_scale);
}

NoisePower NoiseModel::key_error(base::Level level) const {
  base::require(!parameters_.p().empty(), base::ErrorCode::kInvalidArgument,
                "noise of key switching: the parameters have no special primes");
  double digits = 0;
  for (std::size_t begin = 0; begin < level.primes(); begin += parameters_.digit_primes()) {
    double log_digit = 0;
    for (std::size_t i = begin; i < begin + parameters_.digit_primes() && i < level.primes(); ++i) {
      log_digit += std::log2(static_cast<double>(parameters_.q()[i]));
    }
    // A centred digit is uniform: variance D²/12 per coefficient.
    digits += std::exp2(2 * (log_digit - parameters_.log_p())) / 12;
  }
  return {gain() * digits * gain() * kErrorVariance};
}

NoisePower NoiseModel::key_switch(base::Level level) const {
  return key_error(level) + NoisePower{rounding(2)};
}

NoisePower NoiseModel::linear_transform(NoisePower a, double message, base::Scale scale,
                                        const TransformWeights& weights, base::Scale weight_scale,
                                        base::Level level) const {
  const double switched = key_error(level).value;
  // A giant step rounds part 1 only: part 0 stays in QP.
  const double giant = switched + rounding(2) - rounding(1);
  return {a.value * scaled(weights.squares, weight_scale) +
          switched * scaled(weights.rotated_squares, weight_scale) +
          rounding(2) * scaled(weights.composed_squares, weight_scale) +
          static_cast<double>(weights.diagonals) * encoding().value * scaled(message, scale) +
          static_cast<double>(weights.giant_steps) * giant + rounding(2)};
}

NoisePower NoiseModel::rescale(NoisePower a, double log2_product, std::size_t parts) const {
  return {a.value * std::exp2(-2 * log2_product) + rounding(parts)};
}

NoisePower NoiseModel::answer_rounding(double first_step, double other_step, std::size_t parts,
                                       std::size_t stride) const {
  const double others = secret_moments(parts) - 1;
  return {gain(stride) * kRoundingVariance *
          (first_step * first_step + others * other_step * other_step)};
}

double NoiseModel::slot_deviation(NoisePower a, base::Scale scale) const {
  const double components = parameters_.ring() == base::RingKind::kStandard ? 2 : 1;
  return std::sqrt(a.value / components) / scale.value;
}

}  // namespace serdab::ckks_params
