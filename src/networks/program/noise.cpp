#include "networks/program/noise.h"

#include <algorithm>
#include <cmath>
#include <memory>

namespace serdab::program {
namespace {

constexpr double kSigma = 3.2;

}  // namespace

NoiseModel::NoiseModel(base::RingKind ring, std::size_t n, const std::vector<std::uint64_t>& primes,
                       const std::vector<std::uint64_t>& special_primes, unsigned digit_primes)
    : ring_(ring), n_(static_cast<double>(n)), digit_primes_(std::max(1u, digit_primes)) {
  for (std::uint64_t q : primes) log_primes_.push_back(std::log2(static_cast<double>(q)));
  for (std::uint64_t p : special_primes) log_p_ += std::log2(static_cast<double>(p));
}

// A polynomial with independent coefficients of variance v has slot variance 2N·v in the
// conjugate-invariant ring; in the standard ring N·v, half of it in the real part.
double NoiseModel::fresh() const {
  const double spread = ring_ == base::RingKind::kConjugateInvariant ? 2 * n_ : n_ / 2;
  return kSigma * std::sqrt(spread);
}

double NoiseModel::rounding() const {
  if (ring_ == base::RingKind::kConjugateInvariant) {
    return std::sqrt(2 * n_ / 12 * (1 + 2 * n_ * 2 / 3));
  }
  return std::sqrt(n_ / 24 * (1 + n_ * 2 / 3));
}

double NoiseModel::key_switch(base::Level level) const {
  // Digits are residues in [0, D): second moment D²/3.
  double sum = 0;
  for (std::size_t begin = 0; begin < level.primes(); begin += digit_primes_) {
    double log_digit = -log_p_;
    for (std::size_t i = begin; i < std::min<std::size_t>(begin + digit_primes_, level.primes());
         ++i) {
      log_digit += log_primes_[i];
    }
    sum += std::exp2(2 * log_digit) / 3;
  }
  const double spread = ring_ == base::RingKind::kConjugateInvariant ? 4 * n_ * n_ : n_ * n_ / 2;
  return std::sqrt(spread * sum * kSigma * kSigma + rounding() * rounding());
}

Observer noise_observer(const Program& program, const NoiseModel& model, std::uint64_t seed) {
  auto random = std::make_shared<std::mt19937_64>(seed);
  return [&program, &model, random](ValueId id, Bundle& bundle) {
    const Value& value = program.values[id];
    double deviation = 0;
    if (std::holds_alternative<Input>(value.op)) deviation = model.fresh();
    if (std::holds_alternative<Relinearise>(value.op)) deviation = model.key_switch(value.level);
    if (std::holds_alternative<Rescale>(value.op)) deviation = model.rounding();
    if (deviation == 0) return;
    std::normal_distribution<double> normal(0, deviation / value.scale.value);
    for (double& x : bundle.data) x += normal(*random);
  };
}

}  // namespace serdab::program
