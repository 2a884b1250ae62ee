#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/arith/modulus.h"

/// How a transform is cut into passes and where values are reduced; docs/notes/ntt-ranges.md proves
/// the rules. Everything counts in multiples of q; values stay below 2^52.
/// Internal linkage: see CMakeLists.txt.
namespace serdab::kernels::avx512ifma {
namespace {

enum class Reduce { kNever, kOnce, kEvery };

struct Pass {
  unsigned layers = 0;
  Reduce reduce = Reduce::kNever;
  /// Forward: layers until the next reduction, the multiple of q added by this one. Inverse: the
  /// bound of the values that enter.
  std::uint64_t reach = 0;
};

constexpr std::size_t kMaxPasses = 8;
/// The layers within a vector, always the last pass of forward and the first of inverse.
constexpr unsigned kLeafLayers = 3;

struct Plan {
  std::size_t count = 0;
  Pass pass[kMaxPasses];  ///< from the root of the tree to the leaves
};

/// Passes of two layers first, then of three; log_n >= 7.
inline Plan split_layers(unsigned log_n) {
  Plan plan;
  unsigned rest = log_n - kLeafLayers;
  for (; rest % 3 != 0; rest -= 2) plan.pass[plan.count++].layers = 2;
  for (; rest > 0; rest -= 3) plan.pass[plan.count++].layers = 3;
  plan.pass[plan.count++].layers = kLeafLayers;
  return plan;
}

/// A forward reduction leaves values below q + 2^49 + offset; k layers later they span
/// q + 2^49 + 2kq <= 2^52.
constexpr unsigned kForwardShift = 49;
inline std::uint64_t forward_reach(std::uint64_t q) {
  return ((std::uint64_t{7} << kForwardShift) / q - 1) / 2;
}

/// One reduction serves as many passes as its reach; primes above 2^49 are reduced in every layer.
inline Plan plan_forward(std::uint64_t q, unsigned log_n) {
  Plan plan = split_layers(log_n);
  const std::uint64_t reach = forward_reach(q);
  std::uint64_t left = 0;
  for (std::size_t i = 0; i < plan.count; ++i) {
    Pass& pass = plan.pass[i];
    if (reach < 3) {
      pass.reduce = Reduce::kEvery;
      pass.reach = 1;
      continue;
    }
    if (left < pass.layers) {
      left = 0;
      for (std::size_t j = i; j < plan.count && left + plan.pass[j].layers <= reach; ++j) {
        left += plan.pass[j].layers;
      }
      pass.reduce = Reduce::kOnce;
      pass.reach = left;
    }
    left -= pass.layers;
  }
  return plan;
}

/// Sums double in every layer. Primes below 2^48 let a pass of three layers go without a reduction
/// until its end (kOnce), or further.
inline Plan plan_inverse(std::uint64_t q, unsigned log_n) {
  Plan plan = split_layers(log_n);
  const std::uint64_t limit = (std::uint64_t{1} << 52) / q;
  std::uint64_t bound = 1;
  for (std::size_t i = plan.count; i-- > 0;) {
    Pass& pass = plan.pass[i];
    pass.reach = bound;
    if (limit < 16) {
      pass.reduce = Reduce::kEvery;
      bound = 2;
      continue;
    }
    bound <<= pass.layers;
    if (i == 0 || bound << plan.pass[i - 1].layers > limit) {
      pass.reduce = Reduce::kOnce;
      bound = 2;
    }
  }
  return plan;
}

}  // namespace
}  // namespace serdab::kernels::avx512ifma
