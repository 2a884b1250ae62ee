#include "engine/ckks/slot_transform.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/kernels/kernels.h"

namespace serdab::ckks {
namespace {

using Complex = std::complex<double>;

std::uint64_t reverse_bits(std::uint64_t value, unsigned bits) {
  std::uint64_t reversed = 0;
  for (unsigned i = 0; i < bits; ++i) reversed |= (value >> i & 1) << (bits - 1 - i);
  return reversed;
}

/// exp(2πi·k/4n) for 0 <= k <= n. Angles above π/4 are taken from the other axis: small ones are
/// more exact, and mirrored roots are equal.
Complex root(std::uint64_t k, std::uint64_t n) {
  const auto angle = [&](std::uint64_t steps) {
    return std::numbers::pi / 2 * (static_cast<double>(steps) / static_cast<double>(n));
  };
  if (2 * k <= n) return {std::cos(angle(k)), std::sin(angle(k))};
  return {std::sin(angle(n - k)), std::cos(angle(n - k))};
}

}  // namespace

SlotTransform::SlotTransform(unsigned log_slots)
    : log_n_(log_slots), roots_(std::max<std::size_t>(1, size() / 2)), positions_(size()) {
  const std::uint64_t n = size();
  for (unsigned log_m = 0; log_m < log_n_; ++log_m) {
    const std::uint64_t m = std::uint64_t{1} << log_m;
    // Block i of this layer is modulo X^(n/m) − ζ^((n/m)·(4·bitrev(i)+1)); the factor is a square
    // root. For even i its exponent is at most n.
    for (std::uint64_t i = 0; i < m; i += 2) {
      roots_[m / 2 + i / 2] = root(n / (2 * m) * (4 * reverse_bits(i, log_m) + 1), n);
    }
  }
  std::uint64_t exponent = 1;
  for (std::uint64_t slot = 0; slot < n; ++slot, exponent = exponent * 3 % (4 * n)) {
    const std::uint64_t index = (conjugated(slot) ? 4 * n - exponent : exponent) / 4;
    positions_[slot] = static_cast<std::uint32_t>(reverse_bits(index, log_n_));
  }
}

void SlotTransform::forward(double* re, double* im) const {
  kernels::kernels().messages.fft_forward(roots_.data(), log_n_, re, im);
}

void SlotTransform::inverse_times_n(double* re, double* im) const {
  kernels::kernels().messages.fft_inverse(roots_.data(), log_n_, re, im);
}

}  // namespace serdab::ckks
