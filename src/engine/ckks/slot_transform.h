#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace serdab::ckks {

/// The complex transform behind both encoders: a polynomial c of degree < n, taken modulo X^n − i,
/// to its values at ζ^(4k+1), ζ = exp(2πi/4n), the n roots of X^n = i. The standard ring of
/// dimension N folds to it with n = N/2 and c_k = a_k + i·a_{k+n}; the conjugate-invariant ring of
/// dimension N with n = N, c_k = a_k − i·a_{N−k} and c_0 = a_0 (docs/notes/rings.md). Immutable,
/// shareable.
class SlotTransform {
 public:
  explicit SlotTransform(unsigned log_slots);

  std::size_t size() const { return std::size_t{1} << log_n_; }
  /// In place, real and imaginary parts apart: coefficients in natural order to values, position
  /// bitrev(k) holding c(ζ^(4k+1)); and back, times n.
  void forward(double* re, double* im) const;
  void inverse_times_n(double* re, double* im) const;

  /// Slot i is the value at ζ^(3^i): its position here, and whether that position holds its
  /// conjugate (as 3^i is 3 modulo 4 for odd i, only the conjugate's exponent is 1 modulo 4).
  const std::uint32_t* positions() const { return positions_.data(); }
  std::uint32_t position(std::size_t slot) const { return positions_[slot]; }
  static bool conjugated(std::size_t slot) { return slot % 2 == 1; }

 private:
  unsigned log_n_;
  std::vector<std::complex<double>> roots_;  ///< as kernels::MessageKernels asks
  std::vector<std::uint32_t> positions_;
};

}  // namespace serdab::ckks
