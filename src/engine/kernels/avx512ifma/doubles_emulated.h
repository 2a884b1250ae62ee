#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace serdab::kernels::avx512ifma {
namespace {

/// The operations of `IfmaDoubles` (doubles_ifma.h) in plain C++.
struct EmulatedDoubles {
  using Vec = std::array<double, 8>;
  using Words = std::array<std::uint64_t, 8>;
  static constexpr std::size_t kLanes = 8;

  static Vec load(const double* a) {
    return lanes([&](std::size_t i) { return a[i]; });
  }
  static void store(double* a, const Vec& x) { std::copy(x.begin(), x.end(), a); }
  static Vec set1(double x) {
    return lanes([&](std::size_t) { return x; });
  }
  static Vec add(const Vec& a, const Vec& b) {
    return lanes([&](std::size_t i) { return a[i] + b[i]; });
  }
  static Vec sub(const Vec& a, const Vec& b) {
    return lanes([&](std::size_t i) { return a[i] - b[i]; });
  }
  static Vec mul(const Vec& a, const Vec& b) {
    return lanes([&](std::size_t i) { return a[i] * b[i]; });
  }
  static Vec max(const Vec& a, const Vec& b) {
    return lanes([&](std::size_t i) { return a[i] > b[i] ? a[i] : b[i]; });
  }
  static Vec magnitude(const Vec& a) {
    return lanes([&](std::size_t i) { return std::abs(a[i]); });
  }
  static Vec negate(const Vec& a) {
    return lanes([&](std::size_t i) { return -a[i]; });
  }
  static Vec round(const Vec& a) {
    return lanes([&](std::size_t i) { return std::nearbyint(a[i]); });
  }
  static Vec fmadd(const Vec& a, const Vec& b, const Vec& c) {
    return lanes([&](std::size_t i) { return std::fma(a[i], b[i], c[i]); });
  }
  static Vec fmsub(const Vec& a, const Vec& b, const Vec& c) {
    return lanes([&](std::size_t i) { return std::fma(a[i], b[i], -c[i]); });
  }
  static Vec fnmadd(const Vec& a, const Vec& b, const Vec& c) {
    return lanes([&](std::size_t i) { return std::fma(-a[i], b[i], c[i]); });
  }
  static Vec where_finite(const Vec& test, const Vec& x) {
    return lanes([&](std::size_t i) { return std::isfinite(test[i]) ? x[i] : 0; });
  }
  static bool all_finite(const Vec& a) {
    return std::all_of(a.begin(), a.end(), [](double x) { return std::isfinite(x); });
  }
  static Words bits(const Vec& a) {
    Words words;
    for (std::size_t i = 0; i < 8; ++i) words[i] = std::bit_cast<std::uint64_t>(a[i]);
    return words;
  }
  static Vec from_bits(const Words& a) {
    return lanes([&](std::size_t i) { return std::bit_cast<double>(a[i]); });
  }

  static void transpose(Vec* rows) {
    for (std::size_t i = 0; i < 8; ++i) {
      for (std::size_t j = 0; j < i; ++j) std::swap(rows[i][j], rows[j][i]);
    }
  }
  static void with_rotations(const double* entries, Vec& re, Vec& im) {
    re = lanes([&](std::size_t i) { return i % 2 == 0 ? entries[i] : -entries[i]; });
    im = lanes([&](std::size_t i) { return entries[i ^ 1]; });
  }
  static void split(const double* entries, Vec& re, Vec& im) {
    re = lanes([&](std::size_t i) { return entries[2 * i]; });
    im = lanes([&](std::size_t i) { return entries[2 * i + 1]; });
  }
  static void split_alternating(const double* entries, Vec& re0, Vec& im0, Vec& re1, Vec& im1) {
    re0 = lanes([&](std::size_t i) { return entries[4 * i]; });
    im0 = lanes([&](std::size_t i) { return entries[4 * i + 1]; });
    re1 = lanes([&](std::size_t i) { return entries[4 * i + 2]; });
    im1 = lanes([&](std::size_t i) { return entries[4 * i + 3]; });
  }

 private:
  template <typename Lane>
  static Vec lanes(Lane&& lane) {
    Vec result;
    for (std::size_t i = 0; i < 8; ++i) result[i] = lane(i);
    return result;
  }
};

}  // namespace
}  // namespace serdab::kernels::avx512ifma
