#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
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
  /// In place: coefficients in natural order to values, position bitrev(k) holding c(ζ^(4k+1)); and
  /// back.
  void forward(std::span<std::complex<double>> c) const;
  void inverse(std::span<std::complex<double>> values) const;

  /// Slot i is the value at ζ^(3^i): its position here, and whether that position holds its
  /// conjugate (as 3^i ≡ 3 mod 4, only the conjugate's exponent is 1 mod 4).
  std::uint32_t position(std::size_t slot) const { return positions_[slot] >> 1; }
  bool conjugated(std::size_t slot) const { return (positions_[slot] & 1) != 0; }

 private:
  unsigned log_n_;
  std::vector<std::complex<double>> roots_;  ///< entry m + i: block i of the layer with m blocks
  std::vector<std::uint32_t> positions_;     ///< 2·position + conjugated
};

}  // namespace serdab::ckks
