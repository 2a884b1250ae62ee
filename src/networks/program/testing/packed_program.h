#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "networks/program/noise.h"
#include "networks/program/program.h"
#include "networks/program/reference.h"

namespace serdab::program::testing {

/// Diagonals with weights at about half of the positions, one for every baby, giant, input and
/// output; rotations of no step, one step and several. Of images side by side, at those of which
/// the image has what they read.
inline Transform random_transform(ValueId from, std::uint32_t inputs, std::uint32_t outputs,
                                  std::uint32_t positions, base::Scale weight_scale, unsigned seed,
                                  std::uint32_t repeats = 1, std::uint32_t images = 1) {
  std::mt19937 random(seed);
  const std::uint32_t places = positions * images;
  Transform t{from,
              {{0, {}}, {1, {1}}, {3, {1, 2}}},
              {{0, {}}, {8, {8}}, {places - 16, {places - 8, places - 8}}},
              {},
              weight_scale,
              0,
              repeats};
  std::uniform_real_distribution<float> weight(-0.3F, 0.3F);
  for (std::uint32_t giant = 0; giant < t.giants.size(); ++giant) {
    for (std::uint32_t baby = 0; baby < t.babies.size(); ++baby) {
      for (std::uint32_t pair = 0; pair < inputs * outputs; ++pair) {
        Diagonal d{pair / outputs, pair % outputs, baby, giant, {}, {}};
        const std::uint32_t shift = t.babies[baby].shift + t.giants[giant].shift;
        for (std::uint32_t p = 0; p < positions / repeats; ++p) {
          if (random() % 2 == 0 || (images > 1 && (p + shift) % places >= positions)) continue;
          d.positions.push_back(p);
          d.weights.push_back(weight(random));
        }
        t.diagonals.push_back(std::move(d));
      }
    }
  }
  return t;
}

/// A packed program over four primes: 2 ciphertexts, a transform, constants, a square, a second
/// transform of weights that repeat four times and sums that repeat every quarter of the positions;
/// with images side by side, weights of which none repeat and no sums. What its weights meet is
/// measured on `input`.
inline Program packed_program(const std::vector<std::uint64_t>& primes,
                              const std::vector<std::uint64_t>& special, std::uint32_t positions,
                              const Bundle& input, std::uint32_t images = 1) {
  Program p;
  p.layout = Layout::kPacked;
  p.positions = positions;
  p.images = images;
  p.primes = primes;
  p.special_primes = special;
  const auto push = [&](Op op, std::uint32_t count, unsigned parts, unsigned level,
                        base::Scale scale) {
    p.values.push_back({std::move(op), "layer", count, parts, {level}, scale, 1.0});
    return static_cast<ValueId>(p.values.size() - 1);
  };
  const base::Scale s{std::exp2(26)}, w{std::exp2(24)};
  const ValueId x = push(Input{}, 2, 2, 3, s);
  const ValueId wide = push(random_transform(x, 2, 2, positions, w, 1, 1, images), 2, 2, 3, s * w);
  base::Scale scale = base::rescaled(s * w, primes[3]);
  const ValueId narrow = push(Rescale{wide, 1}, 2, 2, 2, scale);
  std::vector<double> constants(2 * std::size_t{positions});
  for (std::size_t i = 0; i < constants.size(); ++i) {
    constants[i] = 0.3 * std::sin(static_cast<double>(i));
  }
  const ValueId moved = push(AddConstant{narrow, constants}, 2, 2, 2, scale);
  scale = scale * scale;
  const ValueId square = push(Square{moved}, 2, 3, 2, scale);
  const ValueId linear = push(Relinearise{square}, 2, 2, 2, scale);
  scale = base::rescaled(scale, primes[2]);
  const ValueId activated = push(Rescale{linear, 1}, 2, 2, 1, scale);
  const std::uint32_t repeats = images > 1 ? 1 : 4;
  const ValueId last =
      push(random_transform(activated, 2, 1, positions, w, 2, repeats, images), 1, 2, 1, scale * w);
  scale = base::rescaled(scale * w, primes[1]);
  ValueId sums = push(Rescale{last, 1}, 1, 2, 0, scale);
  const std::uint32_t half = positions / 2, quarter = positions / 4;
  if (images == 1) {
    sums = push(RotateSum{sums, {{half, {half}}, {quarter, {quarter}}}}, 1, 2, 0, scale);
  }
  std::vector<double> bias(positions);
  for (std::size_t i = 0; i < bias.size(); ++i)
    bias[i] = 0.1 * static_cast<double>(i % quarter % 7);
  push(AddConstant{sums, bias}, 1, 2, 0, scale);
  std::vector<std::vector<double>> squares(p.values.size());
  run_reference(p, input, [&](ValueId id, Bundle& bundle) {
    for (std::size_t row = 0; row < bundle.count; ++row) {
      double sum = 0;
      for (std::size_t i = 0; i < bundle.batch; ++i) sum += bundle.row(row)[i] * bundle.row(row)[i];
      squares[id].push_back(sum / static_cast<double>(bundle.batch));
    }
  });
  for (Value& value : p.values) {
    if (auto* t = std::get_if<Transform>(&value.op)) {
      t->met_square = met_square(*t, positions, squares[t->from]);
    }
  }
  return p;
}

}  // namespace serdab::program::testing
