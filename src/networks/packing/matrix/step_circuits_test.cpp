#include "networks/packing/matrix/step_circuits.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>

#include "engine/base/error.h"
#include "networks/packing/circuit_counts.h"
#include "networks/packing/matrix/reduce_scatter.h"
#include "networks/packing/matrix/transposed_diagonals.h"
#include "networks/packing/run_circuit.h"
#include "networks/packing/testing/plain_step.h"

namespace serdab::packing {
namespace {

struct StepLayouts {
  SlotLayout matrix, x, d;
};

// Runs a step and compares all rows of y, z and W' with plain arithmetic.
void expect_step(const SlotCircuit& circuit, const StepLayouts& layouts, const PlainStep& plain) {
  const auto outputs = run(circuit, {{"W", place(layouts.matrix, plain.w)},
                                     {"x", place(layouts.x, plain.x)},
                                     {"d", place(layouts.d, plain.d)}});
  const auto expected = plain.expected();
  expect_placed(layouts.d, outputs.at("y"), expected.at("y"));
  expect_placed(layouts.x, outputs.at("z"), expected.at("z"));
  expect_placed(layouts.matrix, outputs.at("W'"), expected.at("W'"));
}

StepLayouts layouts_of(const SwapRole& p, const PlainStep& plain) {
  return {p.matrix_layout(plain.rows, plain.cols), p.vector_layout(plain.cols, plain.samples),
          p.vector_layout(plain.rows, plain.samples)};
}

class StepCircuits : public testing::TestWithParam<std::uint32_t> {
 protected:
  const std::uint32_t n = GetParam();
  std::mt19937_64 random{n};
};

TEST_P(StepCircuits, SwapRole) {
  const PlainStep plain(n, n, 1, random);
  const SwapRole packing = swap_role(n, 1, 2 * n);
  const SlotCircuit circuit = swap_role_step(packing, plain.rate);
  expect_step(circuit, layouts_of(packing, plain), plain);

  const CircuitCounts counts = count(circuit);
  const std::size_t b = packing.baby, g = packing.giant;
  EXPECT_EQ(counts.rotations(), 2 * (b + g - 2));
  EXPECT_EQ(counts.products, 3 * n);
  EXPECT_EQ(counts.relinearisations, n + b + g);
  EXPECT_EQ(counts.masks, 0u);
  EXPECT_EQ(counts.depth, 1u);
  EXPECT_EQ(counts.ciphertexts, n + 2);
}

TEST_P(StepCircuits, TransposedDiagonals) {
  const PlainStep plain(n, n, 1, random);
  const SwapRole packing = plain_diagonals(n, 1, 2 * n);
  const SlotCircuit circuit = transposed_diagonals_step(packing, plain.rate);
  expect_step(circuit, layouts_of(packing, plain), plain);

  const CircuitCounts counts = count(circuit);
  EXPECT_EQ(counts.full_rotations, n - 1);
  EXPECT_EQ(counts.hoisted_rotations, 2 * (n - 1));
  EXPECT_EQ(counts.products, 3 * n);
  EXPECT_EQ(counts.relinearisations, 1 + 1 + n);
  EXPECT_EQ(counts.depth, 1u);
}

TEST_P(StepCircuits, Replicated) {
  const PlainStep plain(n, n, 1, random);
  const Replicated packing = replicated(n, n, 1, n * n);
  const SlotCircuit circuit = replicated_step(packing, plain.rate);
  expect_step(circuit, {packing.matrix_layout(), packing.by_columns(), packing.by_rows()}, plain);

  const CircuitCounts counts = count(circuit);
  EXPECT_EQ(counts.full_rotations, 3 * (std::bit_width(n) - 1));
  EXPECT_EQ(counts.hoisted_rotations, 0u);
  EXPECT_EQ(counts.products, 3u);
  EXPECT_EQ(counts.masks, 1u);
  EXPECT_EQ(counts.depth, 2u);
  EXPECT_EQ(counts.ciphertexts, 3u);
}

TEST_P(StepCircuits, OneValue) {
  const PlainStep plain(n, n, 1, random);
  const OneValue packing{n, n, 1, 4};
  const SlotCircuit circuit = one_value_step(packing, plain.rate);
  expect_step(circuit,
              {packing.matrix_layout(), packing.vector_layout(n, 1), packing.vector_layout(n, 1)},
              plain);

  const CircuitCounts counts = count(circuit);
  EXPECT_EQ(counts.rotations(), 0u);
  EXPECT_EQ(counts.products, 3 * n * n);
  EXPECT_EQ(counts.relinearisations, 2 * n + n * n);
  EXPECT_EQ(counts.ciphertexts, n * n + 2 * n);
}

INSTANTIATE_TEST_SUITE_P(Dimensions, StepCircuits, testing::Values(8u, 32u, 128u));

// The numbers that the packings are compared by.
TEST(StepRotations, OfALayer) {
  const std::vector<std::array<std::uint32_t, 4>> rotations{
      {8, 8, 21, 9}, {32, 20, 93, 15}, {128, 44, 381, 21}};
  for (const auto& [n, swapped, transposed, replicate] : rotations) {
    EXPECT_EQ(count(swap_role_step(swap_role(n, 1, n), 1)).rotations(), swapped);
    EXPECT_EQ(count(transposed_diagonals_step(plain_diagonals(n, 1, n), 1)).rotations(),
              transposed);
    EXPECT_EQ(count(replicated_step(replicated(n, n, 1, n * n), 1)).rotations(), replicate);
  }
}

struct Case {
  std::uint32_t n, samples, positions;   // of the packing
  std::size_t rows, cols, real_samples;  // of the data
};

class SampledSteps : public testing::TestWithParam<Case> {
 protected:
  const Case c = GetParam();
  std::mt19937_64 random{c.n + c.samples};
  const PlainStep plain{c.rows, c.cols, c.real_samples, random};
};

TEST_P(SampledSteps, SwapRoleSumsTheUpdate) {
  const SwapRole packing = swap_role(c.n, c.samples, c.positions);
  const SlotCircuit circuit = swap_role_step(packing, plain.rate);
  expect_step(circuit, layouts_of(packing, plain), plain);
  const Axis axis = packing.sample_axis();
  EXPECT_EQ(count(circuit).rotations(), 2 * (packing.baby + packing.giant - 2) +
                                            rotations(fewest_rotations(c.n, axis), c.n, axis));
}

TEST_P(SampledSteps, TransposedDiagonalsSumTheUpdate) {
  const SwapRole packing = plain_diagonals(c.n, c.samples, c.positions);
  expect_step(transposed_diagonals_step(packing, plain.rate), layouts_of(packing, plain), plain);
}

TEST_P(SampledSteps, OneValueSumsTheUpdate) {
  const auto rows = static_cast<std::uint32_t>(c.rows), cols = static_cast<std::uint32_t>(c.cols);
  const auto real = static_cast<std::uint32_t>(c.real_samples);
  const OneValue packing{rows, cols, c.samples, 2 * c.samples};
  const SlotCircuit circuit = one_value_step(packing, plain.rate);
  expect_step(circuit,
              {packing.matrix_layout(), packing.vector_layout(cols, real),
               packing.vector_layout(rows, real)},
              plain);
  EXPECT_EQ(count(circuit).rotations(), rows * cols * (std::bit_width(c.samples) - 1));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, SampledSteps,
    testing::Values(Case{8, 4, 32, 8, 8, 4},     // full
                    Case{8, 4, 128, 7, 5, 3},    // repeated and padded
                    Case{4, 16, 128, 3, 4, 16},  // fewer diagonals than samples
                    Case{8, 8, 128, 8, 3, 6},    // as many
                    Case{16, 2, 32, 10, 16, 2},  // more
                    Case{2, 8, 16, 2, 1, 8}, Case{1, 4, 8, 1, 1, 3},  // cyclic samples
                    Case{32, 64, 2048, 31, 32, 50}));

TEST(ReplicatedSteps, SumsTheUpdateOverSamples) {
  std::mt19937_64 random(5);
  for (const std::uint32_t samples : {2u, 4u}) {
    const PlainStep plain(4, 8, samples, random);
    const Replicated packing = replicated(4, 8, samples, 128);
    const SlotCircuit circuit = replicated_step(packing, plain.rate);
    expect_step(circuit, {packing.matrix_layout(), packing.by_columns(), packing.by_rows()}, plain);
    const std::size_t log_samples = samples == 2 ? 1 : 2;
    EXPECT_EQ(count(circuit).rotations(), 2 * 3 + 2 * 2 + log_samples);
    EXPECT_EQ(count(circuit).masks, 2u);
  }
}

TEST(ReplicatedSteps, RefusesMoreSamplesThanFit) {
  EXPECT_THROW(replicated(8, 8, 4, 128), base::Error);
  EXPECT_THROW(replicated(6, 8, 1, 128), base::Error);
}

}  // namespace
}  // namespace serdab::packing
