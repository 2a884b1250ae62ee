#include "engine/ckks/slot_transform.h"

#include <gtest/gtest.h>

#include <numbers>
#include <random>

namespace serdab::ckks {
namespace {

using Complex = std::complex<double>;

std::vector<Complex> random_values(std::size_t n) {
  std::mt19937_64 random(n);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<Complex> values(n);
  for (Complex& value : values) value = {uniform(random), uniform(random)};
  return values;
}

TEST(SlotTransform, SlotsAreValuesAtPowersOfThree) {
  for (unsigned log_n = 0; log_n <= 6; ++log_n) {
    const SlotTransform transform(log_n);
    const std::size_t n = transform.size();
    // A polynomial with real coefficients b of degree < 2n modulo X^2n + 1, folded.
    std::vector<double> b(2 * n);
    std::vector<Complex> folded = random_values(n);
    for (std::size_t k = 0; k < n; ++k) {
      b[k] = folded[k].real();
      b[k + n] = folded[k].imag();
    }
    transform.forward(folded);
    std::uint64_t exponent = 1;
    for (std::size_t slot = 0; slot < n; ++slot, exponent = exponent * 3 % (4 * n)) {
      Complex expected = 0;
      for (std::size_t k = 0; k < 2 * n; ++k) {
        const auto power = static_cast<double>(exponent * k % (4 * n));
        expected +=
            b[k] * std::polar(1.0, 2 * std::numbers::pi * power / static_cast<double>(4 * n));
      }
      const Complex value = folded[transform.position(slot)];
      ASSERT_LT(std::abs((transform.conjugated(slot) ? std::conj(value) : value) - expected),
                1e-12);
    }
  }
}

TEST(SlotTransform, InverseUndoesForward) {
  for (unsigned log_n : {1u, 5u, 13u}) {
    const SlotTransform transform(log_n);
    const auto before = random_values(transform.size());
    auto after = before;
    transform.forward(after);
    transform.inverse(after);
    for (std::size_t i = 0; i < before.size(); ++i)
      ASSERT_LT(std::abs(before[i] - after[i]), 1e-14);
  }
}

}  // namespace
}  // namespace serdab::ckks
