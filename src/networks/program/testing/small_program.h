#pragma once

#include <cmath>

#include "networks/program/program.h"

namespace serdab::program::testing {

/// A verified program that uses every op, over the given primes (four or more): 4 inputs, a
/// convolution-like affine with a shared matrix, degree-4 and product branches, a residual affine,
/// 2 answers.
inline Program small_program(const std::vector<std::uint64_t>& primes,
                             const std::vector<std::uint64_t>& special) {
  Program p;
  p.primes = primes;
  p.special_primes = special;
  const auto top = static_cast<unsigned>(primes.size() - 1);
  const auto push = [&](Op op, std::uint32_t count, unsigned parts, unsigned level,
                        base::Scale scale) {
    p.values.push_back({std::move(op), "layer", count, parts, {level}, scale, 1.0});
    return static_cast<ValueId>(p.values.size() - 1);
  };
  const base::Scale s{std::exp2(36)};
  const ValueId x = push(Input{}, 4, 2, top, s);
  // Two positions share one 2 x 2 matrix; element 4 has no block, only its bias.
  const base::Scale s1 = s * base::Scale{16};
  AffineTerm shared{x, {{2, 2, {8, -3, 16, 5}}}, {{0, {0, 1}, {0, 1}}, {0, {2, 3}, {2, 3}}}};
  const ValueId a = push(Affine{{shared}, {0.1, -0.2, 0.3, 0.0, 0.25}}, 5, 2, top, s1);
  const ValueId squared = push(Square{a}, 5, 3, top, s1 * s1);
  const auto factor = static_cast<std::int64_t>(std::llround(0.5 * (s1 * s1).value / s1.value));
  const ValueId mixed = push(AddScaled{squared, a, {factor}}, 5, 3, top, s1 * s1);
  const ValueId linear = push(Relinearise{mixed}, 5, 2, top, s1 * s1);
  const base::Scale s2 = base::rescaled(s1 * s1, primes[top]);
  const ValueId rescaled = push(Rescale{linear, 1}, 5, 2, top - 1, s2);
  const ValueId moved = push(AddConstant{rescaled, {0.5}}, 5, 2, top - 1, s2);
  const ValueId low = push(ModDrop{a}, 5, 2, top - 1, s1);
  const ValueId product = push(Multiply{moved, low}, 5, 3, top - 1, s2 * s1);
  const ValueId product2 = push(Relinearise{product}, 5, 2, top - 1, s2 * s1);
  const base::Scale s3 = base::rescaled(s2 * s1, primes[top - 1]);
  const ValueId y = push(Rescale{product2, 1}, 5, 2, top - 2, s3);
  // A residual sum: y and the input itself, brought to one scale by their weights.
  const base::Scale s4 = s3 * base::Scale{64};
  const auto unit = static_cast<std::int32_t>(std::llround(s4.value / (4 * s.value)));
  AffineTerm from_y{
      y, {{2, 5, {64, 32, -16, 7, 1, 0, 5, -64, 20, 3}}}, {{0, {0, 1, 2, 3, 4}, {0, 1}}}};
  const ValueId finer = push(ScaleUp{x, 4}, 4, 2, top, s * base::Scale{4});
  AffineTerm from_x{finer, {{1, 1, {unit}}}, {{0, {3}, {1}}}};
  push(Affine{{from_y, from_x}, {0.0, 1.0}}, 2, 2, top - 2, s4);
  return p;
}

}  // namespace serdab::program::testing
