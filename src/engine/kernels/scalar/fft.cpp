#include <cmath>

#include "engine/kernels/scalar/messages.h"

namespace serdab::kernels::scalar {
namespace {

Complex root(const Complex* roots, std::size_t m, std::size_t i) {
  const Complex even = roots[m / 2 + i / 2];
  return i % 2 == 0 ? even : Complex(-even.imag(), even.real());
}

Complex times(Complex x, Complex w) {
  return {std::fma(-x.imag(), w.imag(), x.real() * w.real()),
          std::fma(x.imag(), w.real(), x.real() * w.imag())};
}

}  // namespace

// The tree of the NTT (scalar/ntt.cpp) over complex numbers: block i of the layer with m blocks
// reduces modulo X^2t − w² to X^t − w and X^t + w.
void fft_forward(const Complex* roots, unsigned log_n, double* re, double* im) {
  const std::size_t n = std::size_t{1} << log_n;
  for (std::size_t m = 1, t = n / 2; m < n; m *= 2, t /= 2) {
    for (std::size_t i = 0; i < m; ++i) {
      const Complex w = root(roots, m, i);
      for (std::size_t low = 2 * i * t; low < (2 * i + 1) * t; ++low) {
        const std::size_t high = low + t;
        const Complex product = times({re[high], im[high]}, w);
        re[high] = re[low] - product.real();
        im[high] = im[low] - product.imag();
        re[low] += product.real();
        im[low] += product.imag();
      }
    }
  }
}

void fft_inverse(const Complex* roots, unsigned log_n, double* re, double* im) {
  const std::size_t n = std::size_t{1} << log_n;
  for (std::size_t m = n / 2, t = 1; m >= 1; m /= 2, t *= 2) {
    for (std::size_t i = 0; i < m; ++i) {
      const Complex w = std::conj(root(roots, m, i));
      for (std::size_t low = 2 * i * t; low < (2 * i + 1) * t; ++low) {
        const std::size_t high = low + t;
        const Complex difference(re[low] - re[high], im[low] - im[high]);
        re[low] += re[high];
        im[low] += im[high];
        const Complex product = times(difference, w);
        re[high] = product.real();
        im[high] = product.imag();
      }
    }
  }
}

}  // namespace serdab::kernels::scalar
