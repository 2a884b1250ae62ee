#pragma once

#include <complex>
#include <cstddef>

#include "engine/kernels/scalar/messages.h"

namespace serdab::kernels {

/// The slot transform over vectors D of doubles (avx2/fft.cpp, avx512ifma/make_table.h). Each
/// butterfly is the scalar one, so that their grouping into passes changes no bit: two layers a
/// pass, depth first until a block fits the level-one cache, then layer by layer, and the last
/// log2(kLanes) layers on transposed tiles of kLanes blocks.
template <typename D>
class Fft {
  using Vec = typename D::Vec;
  using Complex = std::complex<double>;
  static constexpr std::size_t kLanes = D::kLanes;
  static constexpr std::size_t kInCache = 1024;
  struct Pair {
    Vec re, im;
  };

 public:
  static void forward(const Complex* roots, unsigned log_n, double* re, double* im) {
    const std::size_t n = std::size_t{1} << log_n;
    if (n < kLanes * kLanes) return scalar::fft_forward(roots, log_n, re, im);
    forward_node(roots, 1, 0, n, n, re, im);
  }
  static void inverse(const Complex* roots, unsigned log_n, double* re, double* im) {
    const std::size_t n = std::size_t{1} << log_n;
    if (n < kLanes * kLanes) return scalar::fft_inverse(roots, log_n, re, im);
    inverse_node(roots, 1, 0, n, n, re, im);
  }

 private:
  // Nodes: block i of the layer with m blocks, `size` values at re, im.
  static void forward_node(const Complex* roots, std::size_t m, std::size_t i, std::size_t size,
                           std::size_t n, double* re, double* im) {
    if (size > kInCache) {
      forward_quarters(roots, m, i, size / 4, re, im);
      for (std::size_t c = 0; c < 4; ++c) {
        const std::size_t at = c * (size / 4);
        forward_node(roots, 4 * m, 4 * i + c, size / 4, n, re + at, im + at);
      }
      return;
    }
    std::size_t blocks = 1, length = size;
    if (odd_layers(size)) {
      forward_halves(roots, m, i, size / 2, re, im);
      blocks = 2;
      length = size / 2;
    }
    for (; length > kLanes; blocks *= 4, length /= 4) {
      for (std::size_t b = 0; b < blocks; ++b) {
        forward_quarters(roots, m * blocks, i * blocks + b, length / 4, re + b * length,
                         im + b * length);
      }
    }
    for (std::size_t b = 0; b < blocks; b += kLanes) {
      forward_tile(roots, n / kLanes, i * blocks + b, re + b * kLanes, im + b * kLanes);
    }
  }
  static void inverse_node(const Complex* roots, std::size_t m, std::size_t i, std::size_t size,
                           std::size_t n, double* re, double* im) {
    if (size > kInCache) {
      for (std::size_t c = 0; c < 4; ++c) {
        const std::size_t at = c * (size / 4);
        inverse_node(roots, 4 * m, 4 * i + c, size / 4, n, re + at, im + at);
      }
      inverse_quarters(roots, m, i, size / 4, re, im);
      return;
    }
    std::size_t blocks = size / kLanes, length = kLanes;
    for (std::size_t b = 0; b < blocks; b += kLanes) {
      inverse_tile(roots, n / kLanes, i * blocks + b, re + b * kLanes, im + b * kLanes);
    }
    while (blocks >= 4) {
      blocks /= 4;
      length *= 4;
      for (std::size_t b = 0; b < blocks; ++b) {
        inverse_quarters(roots, m * blocks, i * blocks + b, length / 4, re + b * length,
                         im + b * length);
      }
    }
    if (blocks == 2) inverse_halves(roots, m, i, size / 2, re, im);
  }
  static bool odd_layers(std::size_t size) {
    std::size_t length = size;
    while (length > kLanes) length /= 4;
    return length < kLanes;
  }

  static Complex root(const Complex* roots, std::size_t m, std::size_t i) {
    const Complex even = roots[m / 2 + i / 2];
    return i % 2 == 0 ? even : Complex(-even.imag(), even.real());
  }
  static Pair set1(Complex w) { return {D::set1(w.real()), D::set1(w.imag())}; }
  static Pair load(const double* re, const double* im) { return {D::load(re), D::load(im)}; }
  static void store(double* re, double* im, const Pair& x) {
    D::store(re, x.re);
    D::store(im, x.im);
  }
  static Pair add(const Pair& a, const Pair& b) { return {D::add(a.re, b.re), D::add(a.im, b.im)}; }
  static Pair sub(const Pair& a, const Pair& b) { return {D::sub(a.re, b.re), D::sub(a.im, b.im)}; }
  /// a + i·b and a − i·b
  static Pair add_rotated(const Pair& a, const Pair& b) {
    return {D::sub(a.re, b.im), D::add(a.im, b.re)};
  }
  static Pair sub_rotated(const Pair& a, const Pair& b) {
    return {D::add(a.re, b.im), D::sub(a.im, b.re)};
  }
  static Pair times(const Pair& x, const Pair& w) {
    return {D::fnmadd(x.im, w.im, D::mul(x.re, w.re)), D::fmadd(x.im, w.re, D::mul(x.re, w.im))};
  }
  static Pair times_conj(const Pair& x, const Pair& w) {
    return {D::fmadd(x.im, w.im, D::mul(x.re, w.re)), D::fmsub(x.im, w.re, D::mul(x.re, w.im))};
  }

  // One butterfly; `_rotated` with the factor i·w.
  static void forward_butterfly(Pair& low, Pair& high, const Pair& w) {
    const Pair product = times(high, w);
    high = sub(low, product);
    low = add(low, product);
  }
  static void forward_rotated(Pair& low, Pair& high, const Pair& w) {
    const Pair product = times(high, w);
    high = sub_rotated(low, product);
    low = add_rotated(low, product);
  }
  static void inverse_butterfly(Pair& low, Pair& high, const Pair& w) {
    const Pair difference = sub(low, high);
    low = add(low, high);
    high = times_conj(difference, w);
  }
  static void inverse_rotated(Pair& low, Pair& high, const Pair& w) {
    const Pair difference = sub(low, high);
    low = add(low, high);
    const Pair product = times_conj(difference, w);
    high = {product.im, D::negate(product.re)};
  }

  static void forward_halves(const Complex* roots, std::size_t m, std::size_t i, std::size_t t,
                             double* re, double* im) {
    const Pair w = set1(root(roots, m, i));
    for (std::size_t k = 0; k < t; k += kLanes) {
      Pair low = load(re + k, im + k), high = load(re + t + k, im + t + k);
      forward_butterfly(low, high, w);
      store(re + k, im + k, low);
      store(re + t + k, im + t + k, high);
    }
  }
  static void inverse_halves(const Complex* roots, std::size_t m, std::size_t i, std::size_t t,
                             double* re, double* im) {
    const Pair w = set1(root(roots, m, i));
    for (std::size_t k = 0; k < t; k += kLanes) {
      Pair low = load(re + k, im + k), high = load(re + t + k, im + t + k);
      inverse_butterfly(low, high, w);
      store(re + k, im + k, low);
      store(re + t + k, im + t + k, high);
    }
  }
  /// Two layers: block i of the layer with m blocks, then its children 2i and 2i + 1.
  static void forward_quarters(const Complex* roots, std::size_t m, std::size_t i, std::size_t t,
                               double* re, double* im) {
    const Pair w = set1(root(roots, m, i)), v = set1(roots[m + i]);
    for (std::size_t k = 0; k < t; k += kLanes) {
      Pair x[4];
      for (std::size_t c = 0; c < 4; ++c) x[c] = load(re + c * t + k, im + c * t + k);
      forward_butterfly(x[0], x[2], w);
      forward_butterfly(x[1], x[3], w);
      forward_butterfly(x[0], x[1], v);
      forward_rotated(x[2], x[3], v);
      for (std::size_t c = 0; c < 4; ++c) store(re + c * t + k, im + c * t + k, x[c]);
    }
  }
  static void inverse_quarters(const Complex* roots, std::size_t m, std::size_t i, std::size_t t,
                               double* re, double* im) {
    const Pair w = set1(root(roots, m, i)), v = set1(roots[m + i]);
    for (std::size_t k = 0; k < t; k += kLanes) {
      Pair x[4];
      for (std::size_t c = 0; c < 4; ++c) x[c] = load(re + c * t + k, im + c * t + k);
      inverse_butterfly(x[0], x[1], v);
      inverse_rotated(x[2], x[3], v);
      inverse_butterfly(x[0], x[2], w);
      inverse_butterfly(x[1], x[3], w);
      for (std::size_t c = 0; c < 4; ++c) store(re + c * t + k, im + c * t + k, x[c]);
    }
  }

  // Tiles: blocks i … i + kLanes − 1 of the layer with m blocks of kLanes values; after the
  // transposition each lane has a block of its own, and factors differ by lane.
  static void load_tile(Pair* x, const double* re, const double* im) {
    Vec rows[2][kLanes];
    for (std::size_t r = 0; r < kLanes; ++r) {
      rows[0][r] = D::load(re + r * kLanes);
      rows[1][r] = D::load(im + r * kLanes);
    }
    D::transpose(rows[0]);
    D::transpose(rows[1]);
    for (std::size_t r = 0; r < kLanes; ++r) x[r] = {rows[0][r], rows[1][r]};
  }
  static void store_tile(const Pair* x, double* re, double* im) {
    Vec rows[2][kLanes];
    for (std::size_t r = 0; r < kLanes; ++r) {
      rows[0][r] = x[r].re;
      rows[1][r] = x[r].im;
    }
    D::transpose(rows[0]);
    D::transpose(rows[1]);
    for (std::size_t r = 0; r < kLanes; ++r) {
      D::store(re + r * kLanes, rows[0][r]);
      D::store(im + r * kLanes, rows[1][r]);
    }
  }
  /// Factors of blocks i, i + 1, … (i even): entry, entry rotated, next entry, …
  static Pair with_rotations(const Complex* entries) {
    Pair w;
    D::with_rotations(reinterpret_cast<const double*>(entries), w.re, w.im);
    return w;
  }
  /// Every entry; every second one.
  static Pair split(const Complex* entries) {
    Pair w;
    D::split(reinterpret_cast<const double*>(entries), w.re, w.im);
    return w;
  }

  static void forward_tile(const Complex* roots, std::size_t m, std::size_t i, double* re,
                           double* im) {
    Pair x[kLanes];
    load_tile(x, re, im);
    const Pair w = with_rotations(roots + m / 2 + i / 2), v = split(roots + m + i);
    if constexpr (kLanes == 4) {
      forward_four(x, w, v);
    } else {
      for (std::size_t c = 0; c < 4; ++c) forward_butterfly(x[c], x[c + 4], w);
      Pair u[2];
      D::split_alternating(reinterpret_cast<const double*>(roots + 2 * m + 2 * i), u[0].re, u[0].im,
                           u[1].re, u[1].im);
      for (std::size_t c = 0; c < 2; ++c) forward_butterfly(x[c], x[c + 2], v);
      for (std::size_t c = 4; c < 6; ++c) forward_rotated(x[c], x[c + 2], v);
      forward_butterfly(x[0], x[1], u[0]);
      forward_rotated(x[2], x[3], u[0]);
      forward_butterfly(x[4], x[5], u[1]);
      forward_rotated(x[6], x[7], u[1]);
    }
    store_tile(x, re, im);
  }
  static void inverse_tile(const Complex* roots, std::size_t m, std::size_t i, double* re,
                           double* im) {
    Pair x[kLanes];
    load_tile(x, re, im);
    const Pair w = with_rotations(roots + m / 2 + i / 2), v = split(roots + m + i);
    if constexpr (kLanes == 4) {
      inverse_four(x, w, v);
    } else {
      Pair u[2];
      D::split_alternating(reinterpret_cast<const double*>(roots + 2 * m + 2 * i), u[0].re, u[0].im,
                           u[1].re, u[1].im);
      inverse_butterfly(x[0], x[1], u[0]);
      inverse_rotated(x[2], x[3], u[0]);
      inverse_butterfly(x[4], x[5], u[1]);
      inverse_rotated(x[6], x[7], u[1]);
      for (std::size_t c = 0; c < 2; ++c) inverse_butterfly(x[c], x[c + 2], v);
      for (std::size_t c = 4; c < 6; ++c) inverse_rotated(x[c], x[c + 2], v);
      for (std::size_t c = 0; c < 4; ++c) inverse_butterfly(x[c], x[c + 4], w);
    }
    store_tile(x, re, im);
  }
  static void forward_four(Pair* x, const Pair& w, const Pair& v) {
    forward_butterfly(x[0], x[2], w);
    forward_butterfly(x[1], x[3], w);
    forward_butterfly(x[0], x[1], v);
    forward_rotated(x[2], x[3], v);
  }
  static void inverse_four(Pair* x, const Pair& w, const Pair& v) {
    inverse_butterfly(x[0], x[1], v);
    inverse_rotated(x[2], x[3], v);
    inverse_butterfly(x[0], x[2], w);
    inverse_butterfly(x[1], x[3], w);
  }
};

}  // namespace serdab::kernels
