#pragma once

#include <cstdint>

namespace serdab::arith {

__extension__ typedef unsigned __int128 Wide;

/// a·b, exactly.
inline Wide wide_product(std::uint64_t a, std::uint64_t b) {
#if defined(__wasm__)
  // WebAssembly has no such instruction, and what the compiler calls instead is not inlined: four
  // products of halves, summed so that nothing is lost.
  constexpr std::uint64_t kHalf = 0xffffffff;
  const std::uint64_t low = (a & kHalf) * (b & kHalf);
  const std::uint64_t left = (a >> 32) * (b & kHalf) + (low >> 32);
  const std::uint64_t right = (a & kHalf) * (b >> 32) + (left & kHalf);
  const std::uint64_t high = (a >> 32) * (b >> 32) + (left >> 32) + (right >> 32);
  return Wide{high} << 64 | (right << 32 | (low & kHalf));
#else
  return Wide{a} * b;
#endif
}

/// floor(a·b/2^64).
inline std::uint64_t high_product(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>(wide_product(a, b) >> 64);
}

}  // namespace serdab::arith
