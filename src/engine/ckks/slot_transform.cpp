#include "engine/ckks/slot_transform.h"

#include <cmath>
#include <numbers>

#include "engine/base/assert.h"

namespace serdab::ckks {
namespace {

using Complex = std::complex<double>;

std::uint64_t reverse_bits(std::uint64_t value, unsigned bits) {
  std::uint64_t reversed = 0;
  for (unsigned i = 0; i < bits; ++i) reversed |= (value >> i & 1) << (bits - 1 - i);
  return reversed;
}

/// std::complex multiplication without its rescue of infinities, which messages never have.
Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

}  // namespace

SlotTransform::SlotTransform(unsigned log_slots)
    : log_n_(log_slots), roots_(size()), positions_(size()) {
  const std::uint64_t n = size();
  for (unsigned log_m = 0; log_m < log_n_; ++log_m) {
    const std::uint64_t m = std::uint64_t{1} << log_m;
    for (std::uint64_t i = 0; i < m; ++i) {
      // Block i of this layer is modulo X^(n/m) − ζ^((n/m)·(4·bitrev(i)+1)); the twiddle is a
      // square root.
      const std::uint64_t exponent = n / (2 * m) * (4 * reverse_bits(i, log_m) + 1) % (4 * n);
      const double angle =
          2 * std::numbers::pi * static_cast<double>(exponent) / static_cast<double>(4 * n);
      roots_[m + i] = {std::cos(angle), std::sin(angle)};
    }
  }
  std::uint64_t exponent = 1;
  for (std::uint64_t slot = 0; slot < n; ++slot, exponent = exponent * 3 % (4 * n)) {
    const bool conjugated = exponent % 4 == 3;
    const std::uint64_t index = (conjugated ? 4 * n - exponent : exponent) / 4;
    positions_[slot] = static_cast<std::uint32_t>(2 * reverse_bits(index, log_n_) + conjugated);
  }
}

void SlotTransform::forward(std::span<Complex> c) const {
  SERDAB_ASSERT(c.size() == size());
  for (std::size_t m = 1, half = size() / 2; m < size(); m *= 2, half /= 2) {
    for (std::size_t i = 0; i < m; ++i) {
      const Complex root = roots_[m + i];
      Complex* low = c.data() + 2 * i * half;
      Complex* high = low + half;
      for (std::size_t j = 0; j < half; ++j) {
        const Complex product = times(high[j], root);
        high[j] = low[j] - product;
        low[j] += product;
      }
    }
  }
}

void SlotTransform::inverse(std::span<Complex> values) const {
  SERDAB_ASSERT(values.size() == size());
  for (std::size_t m = size() / 2, half = 1; m >= 1; m /= 2, half *= 2) {
    for (std::size_t i = 0; i < m; ++i) {
      const Complex root = std::conj(roots_[m + i]);
      Complex* low = values.data() + 2 * i * half;
      Complex* high = low + half;
      for (std::size_t j = 0; j < half; ++j) {
        const Complex difference = low[j] - high[j];
        low[j] += high[j];
        high[j] = times(difference, root);
      }
    }
  }
  const double scale = 1.0 / static_cast<double>(size());
  for (Complex& value : values) value *= scale;
}

}  // namespace serdab::ckks
