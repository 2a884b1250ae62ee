#include "engine/ckks/slot_transform.h"

#include <gtest/gtest.h>

#include <numbers>
#include <random>

namespace serdab::ckks {
namespace {

using Complex = std::complex<double>;

struct Parts {
  std::vector<double> re, im;
  Complex at(std::size_t i) const { return {re[i], im[i]}; }
};

Parts parts(const std::vector<Complex>& values) {
  Parts result;
  for (const Complex& z : values) {
    result.re.push_back(z.real());
    result.im.push_back(z.imag());
  }
  return result;
}

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
    Parts folded = parts(random_values(n));
    for (std::size_t k = 0; k < n; ++k) {
      b[k] = folded.re[k];
      b[k + n] = folded.im[k];
    }
    transform.forward(folded.re.data(), folded.im.data());
    std::uint64_t exponent = 1;
    for (std::size_t slot = 0; slot < n; ++slot, exponent = exponent * 3 % (4 * n)) {
      Complex expected = 0;
      for (std::size_t k = 0; k < 2 * n; ++k) {
        const auto power = static_cast<double>(exponent * k % (4 * n));
        expected +=
            b[k] * std::polar(1.0, 2 * std::numbers::pi * power / static_cast<double>(4 * n));
      }
      const Complex value = folded.at(transform.position(slot));
      ASSERT_LT(std::abs((transform.conjugated(slot) ? std::conj(value) : value) - expected),
                1e-12);
    }
  }
}

TEST(SlotTransform, InverseUndoesForward) {
  for (unsigned log_n : {1u, 5u, 13u}) {
    const SlotTransform transform(log_n);
    const auto before = random_values(transform.size());
    Parts after = parts(before);
    transform.forward(after.re.data(), after.im.data());
    transform.inverse_times_n(after.re.data(), after.im.data());
    for (std::size_t i = 0; i < before.size(); ++i) {
      ASSERT_LT(std::abs(before[i] - after.at(i) / static_cast<double>(transform.size())), 1e-15);
    }
  }
}

// The same tree in long double: the error of a transform in doubles grows with the square root of
// its depth.
TEST(SlotTransform, IsExactToAFewUnitsInTheLastPlace) {
  using Long = std::complex<long double>;
  constexpr unsigned kLogN = 13;
  const SlotTransform transform(kLogN);
  const std::size_t n = transform.size();
  const auto input = random_values(n);
  std::vector<Long> exact(input.begin(), input.end());
  for (std::size_t m = 1, t = n / 2; m < n; m *= 2, t /= 2) {
    for (std::size_t i = 0; i < m; ++i) {
      std::size_t reversed = 0;
      for (std::size_t bit = 1; bit < m; bit *= 2) reversed = 2 * reversed + (i / bit & 1);
      const auto turn =
          static_cast<long double>(4 * reversed + 1) / static_cast<long double>(8 * m);
      const Long w = std::polar(1.0L, 2 * std::numbers::pi_v<long double> * turn);
      for (std::size_t low = 2 * i * t; low < (2 * i + 1) * t; ++low) {
        const Long product = exact[low + t] * w;
        exact[low + t] = exact[low] - product;
        exact[low] += product;
      }
    }
  }
  Parts values = parts(input);
  transform.forward(values.re.data(), values.im.data());
  double error = 0, size = 0;
  for (std::size_t i = 0; i < n; ++i) {
    error += static_cast<double>(std::norm(Long(values.at(i)) - exact[i]));
    size += static_cast<double>(std::norm(exact[i]));
  }
  EXPECT_LT(std::sqrt(error / size), 3 * 0x1p-53);
}

}  // namespace
}  // namespace serdab::ckks
