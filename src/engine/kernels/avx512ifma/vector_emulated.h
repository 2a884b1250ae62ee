#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/kernels/avx512ifma/doubles_emulated.h"

namespace serdab::kernels::avx512ifma {
namespace {

/// The operations of `Ifma` (vector_ifma.h) in plain C++, so that the tests check the AVX-512
/// kernels on any machine. Written from Intel's manual, independently of the intrinsics.
struct Emulated {
  using Vec = std::array<std::uint64_t, 8>;
  using Doubles = EmulatedDoubles;
  static constexpr std::size_t kLanes = 8;

  static Vec load(const std::uint64_t* a) {
    return lanes([&](std::size_t i) { return a[i]; });
  }
  static Vec load_two(const std::uint64_t* a) {
    return lanes([&](std::size_t i) { return a[i % 2]; });
  }
  static Vec load_four(const std::uint64_t* a) {
    return lanes([&](std::size_t i) { return a[i % 4]; });
  }
  static Vec load_once(const std::uint64_t* a) { return load(a); }
  template <std::size_t kCount, typename Word>
  static Vec load_first(const Word* a) {
    return lanes([&](std::size_t i) {
      return i < kCount ? a[i] : kCount == 1 ? *a : ~std::uint64_t{0};
    });
  }
  static Vec load_two_each(const std::uint32_t* a) {
    return lanes(
        [&](std::size_t i) { return a[2 * i] | static_cast<std::uint64_t>(a[2 * i + 1]) << 32; });
  }
  static void store(std::uint64_t* a, const Vec& x) { std::copy(x.begin(), x.end(), a); }
  static Vec load_bytes(const std::int8_t* a) {
    return lanes(
        [&](std::size_t i) { return static_cast<std::uint64_t>(static_cast<std::int64_t>(a[i])); });
  }
  static void store_bytes(std::int8_t* a, const Vec& x) {
    for (std::size_t i = 0; i < 8; ++i) a[i] = static_cast<std::int8_t>(x[i] & 0xff);
  }
  static Vec set1(std::uint64_t x) {
    return lanes([&](std::size_t) { return x; });
  }
  static Vec add(const Vec& a, const Vec& b) {
    return lanes([&](std::size_t i) { return a[i] + b[i]; });
  }
  static Vec sub(const Vec& a, const Vec& b) {
    return lanes([&](std::size_t i) { return a[i] - b[i]; });
  }
  static Vec min(const Vec& a, const Vec& b) {
    return lanes([&](std::size_t i) { return std::min(a[i], b[i]); });
  }
  static Vec bit_and(const Vec& a, const Vec& b) {
    return lanes([&](std::size_t i) { return a[i] & b[i]; });
  }
  static Vec bit_or(const Vec& a, const Vec& b) {
    return lanes([&](std::size_t i) { return a[i] | b[i]; });
  }
  static Vec shift_right(const Vec& a, unsigned count) {
    return lanes([&](std::size_t i) { return count < 64 ? a[i] >> count : 0; });
  }
  static Vec shift_right_each(const Vec& a, const Vec& counts) {
    return lanes([&](std::size_t i) { return counts[i] < 64 ? a[i] >> counts[i] : 0; });
  }
  template <unsigned kCount>
  static Vec shift_right(const Vec& a) {
    return shift_right(a, kCount);
  }
  static Vec shift_left(const Vec& a, unsigned count) {
    return lanes([&](std::size_t i) { return count < 64 ? a[i] << count : 0; });
  }
  static Vec madd52lo(const Vec& sum, const Vec& a, const Vec& b) {
    return lanes([&](std::size_t i) {
      return sum[i] + (static_cast<std::uint64_t>(product(a[i], b[i])) & kMask52);
    });
  }
  static Vec madd52hi(const Vec& sum, const Vec& a, const Vec& b) {
    return lanes([&](std::size_t i) {
      return sum[i] + static_cast<std::uint64_t>(product(a[i], b[i]) >> 52);
    });
  }
  static Vec multiply_short(const Vec& a, const Vec& b) {
    return lanes([&](std::size_t i) { return (a[i] & 0xffffffff) * (b[i] & 0xffffffff); });
  }
  static Vec permute(const Vec& a, const Vec& index) {
    return lanes([&](std::size_t i) { return a[index[i] % 8]; });
  }
  static Vec permute2(const Vec& a, const Vec& b, const Vec& index) {
    return lanes(
        [&](std::size_t i) { return (index[i] & 8) == 0 ? a[index[i] % 8] : b[index[i] % 8]; });
  }
  static bool all_below(const Vec& a, std::uint64_t bound) {
    return std::all_of(a.begin(), a.end(), [&](std::uint64_t x) { return x < bound; });
  }

 private:
  static constexpr std::uint64_t kMask52 = (std::uint64_t{1} << 52) - 1;

  template <typename Lane>
  static Vec lanes(Lane&& lane) {
    Vec result;
    for (std::size_t i = 0; i < 8; ++i) result[i] = lane(i);
    return result;
  }
  static unsigned __int128 product(std::uint64_t a, std::uint64_t b) {
    return static_cast<unsigned __int128>(a & kMask52) * (b & kMask52);
  }
};

}  // namespace
}  // namespace serdab::kernels::avx512ifma
