#pragma once

// Random matrices of diagonals and their cleartext meaning, for tests and benchmarks.

#include <algorithm>
#include <random>
#include <vector>

#include "engine/circuits/linear_transform.h"
#include "engine/ckks_params/noise.h"
#include "engine/ckks_secret/internal/test_bench.h"

namespace serdab::circuits::testing_only {

using namespace ckks_secret::testing_only;

inline Rotation by(std::uint32_t shift) {
  return {shift, shift == 0 ? std::vector<std::uint32_t>{} : std::vector<std::uint32_t>{shift}};
}

/// All pairs of babies and giants, from every input to every output, each with weights of its own.
inline std::vector<Term> all_terms(const TransformShape& shape) {
  std::vector<Term> terms;
  for (std::uint32_t input = 0; input < shape.inputs; ++input) {
    for (std::uint32_t output = 0; output < shape.outputs; ++output) {
      for (std::uint32_t giant = 0; giant < shape.giants.size(); ++giant) {
        for (std::uint32_t baby = 0; baby < shape.babies.size(); ++baby) {
          terms.push_back({input, output, baby, giant, static_cast<std::uint32_t>(terms.size())});
        }
      }
    }
  }
  return terms;
}

/// `babies` × `giants` consecutive diagonals of a square matrix, every rotation with its own key.
inline TransformShape dense(std::uint32_t babies, std::uint32_t giants, std::size_t inputs = 1,
                            std::size_t outputs = 1) {
  TransformShape shape{inputs, outputs, {}, {}, {}};
  for (std::uint32_t b = 0; b < babies; ++b) shape.babies.push_back(by(b));
  for (std::uint32_t g = 0; g < giants; ++g) shape.giants.push_back(by(g * babies));
  shape.terms = all_terms(shape);
  return shape;
}

/// Uniform in [−1, 1], by id.
inline void random_diagonal(std::uint32_t id, std::span<double> slots) {
  std::mt19937_64 random(id + 1000);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (double& slot : slots) slot = uniform(random);
}

inline std::vector<Values> in_clear(const TransformShape& shape, const std::vector<Values>& x) {
  std::vector<Values> y(shape.outputs, Values(x[0].size()));
  for (const Term& term : shape.terms) {
    std::vector<double> w(x[0].size());
    random_diagonal(term.id, w);
    const std::size_t shift = shape.babies[term.baby].shift + shape.giants[term.giant].shift;
    for (std::size_t p = 0; p < w.size(); ++p) {
      y[term.output][p] += w[p] * x[term.input][(p + shift) % w.size()];
    }
  }
  return y;
}

/// What the noise of one output depends on, for weights of mean square 1/3.
inline ckks_params::TransformWeights noise_weights(const TransformShape& shape,
                                                   std::uint32_t output) {
  ckks_params::TransformWeights weights;
  std::vector<bool> used(shape.giants.size());
  for (const Term& term : shape.terms) {
    if (term.output != output) continue;
    const double steps = static_cast<double>(shape.babies[term.baby].steps.size());
    ++weights.diagonals;
    weights.squares += 1.0 / 3;
    weights.rotated_squares += steps / 3;
    weights.composed_squares += std::max(steps - 1, 0.0) / 3;
    used[term.giant] = true;
  }
  for (std::size_t g = 0; g < used.size(); ++g) {
    if (used[g]) weights.giant_steps += shape.giants[g].steps.size();
  }
  return weights;
}

}  // namespace serdab::circuits::testing_only
