#include "networks/packing/matrix/reduce_scatter.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "networks/packing/circuit_counts.h"
#include "networks/packing/run_circuit.h"
#include "networks/packing/testing/plain_step.h"

namespace serdab::packing {
namespace {

// A circuit of one input "A" and one output "B".
template <typename Function>
SlotCircuit circuit_of(std::uint32_t positions, std::uint32_t inputs, const Function& function) {
  SlotCircuit circuit;
  circuit.positions = positions;
  const CircuitNodeId a = circuit.input("A", inputs);
  circuit.output("B", function(circuit, a));
  return circuit;
}

// The place of an axis moved to another place, the rest of a position kept.
std::size_t moved(std::size_t p, const Axis& axis, std::size_t place) {
  return p - p / axis.stride % axis.extent * axis.stride + place * axis.stride;
}

struct Case {
  Axis segments;
  std::uint32_t positions;
};

class ReduceScatter : public testing::TestWithParam<Case> {
 protected:
  const Axis axis = GetParam().segments;
  const std::uint32_t positions = GetParam().positions;
  const std::uint32_t r = axis.extent;
  const std::size_t moves = axis.cyclic ? r - 1 : 2 * (r - 1);
  std::mt19937_64 random{r};
};

TEST_P(ReduceScatter, SegmentUIsTheSumOfCiphertextU) {
  const SlotCircuit circuit = circuit_of(
      positions, r, [&](SlotCircuit& c, CircuitNodeId a) { return reduce_scatter(c, a, axis); });
  const auto a = random_values(std::size_t{r} * positions, random);
  const auto c = run(circuit, {{"A", a}}).at("B");
  for (std::size_t p = 0; p < positions; ++p) {
    const std::size_t u = p / axis.stride % r;
    double sum = 0;
    for (std::size_t v = 0; v < r; ++v) sum += a[u * positions + moved(p, axis, v)];
    EXPECT_NEAR(c[p], sum, 1e-12) << p;
  }
  const CircuitCounts counts = count(circuit);
  EXPECT_EQ(counts.rotations(), moves);
  EXPECT_EQ(counts.masks, r * r);
  EXPECT_EQ(counts.depth, 1u);
}

TEST_P(ReduceScatter, AllGatherCopiesSegmentUOverCiphertextU) {
  const SlotCircuit circuit = circuit_of(
      positions, 1, [&](SlotCircuit& c, CircuitNodeId a) { return all_gather(c, a, axis); });
  const auto sums = random_values(positions, random);
  const auto b = run(circuit, {{"A", sums}}).at("B");
  ASSERT_EQ(b.size(), std::size_t{r} * positions);
  for (std::size_t u = 0; u < r; ++u) {
    for (std::size_t p = 0; p < positions; ++p) {
      EXPECT_NEAR(b[u * positions + p], sums[moved(p, axis, u)], 1e-12);
    }
  }
  EXPECT_EQ(count(circuit).rotations(), moves);
  EXPECT_EQ(count(circuit).masks, r * r);
}

INSTANTIATE_TEST_SUITE_P(Axes, ReduceScatter,
                         testing::Values(Case{{4, 8, true}, 32},  // the whole ciphertext
                                         Case{{8, 1, true}, 8},
                                         Case{{4, 2, false}, 32},  // four blocks side by side
                                         Case{{8, 1, false}, 32}, Case{{2, 4, false}, 64}));

struct SumCase {
  std::uint32_t count;
  Axis samples;
  std::uint32_t positions;
  SampleSum fewest;
  std::size_t rotations;
};

class SumOverSamples : public testing::TestWithParam<SumCase> {};

TEST_P(SumOverSamples, EverySampleHoldsTheSum) {
  const SumCase& param = GetParam();
  const Axis& axis = param.samples;
  std::mt19937_64 random(param.count);
  const auto a = random_values(std::size_t{param.count} * param.positions, random);
  EXPECT_EQ(fewest_rotations(param.count, axis), param.fewest);
  for (const SampleSum way : {SampleSum::kEach, SampleSum::kReduceScatter}) {
    if (!possible(way, param.count, axis)) continue;
    const SlotCircuit circuit = circuit_of(
        param.positions, param.count,
        [&](SlotCircuit& c, CircuitNodeId from) { return sum_over_samples(c, from, axis, way); });
    EXPECT_EQ(count(circuit).rotations(), rotations(way, param.count, axis));
    if (way == param.fewest) {
      EXPECT_EQ(count(circuit).rotations(), param.rotations);
    }
    const auto b = run(circuit, {{"A", a}}).at("B");
    for (std::size_t k = 0; k < a.size(); ++k) {
      double sum = 0;
      for (std::size_t s = 0; s < axis.extent; ++s) sum += a[moved(k, axis, s)];
      EXPECT_NEAR(b[k], sum, 1e-11) << k;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, SumOverSamples,
    testing::Values(SumCase{8, {8, 1, false}, 64, SampleSum::kReduceScatter, 28},
                    SumCase{8, {128, 1, false}, 1024, SampleSum::kReduceScatter, 28 + 8},
                    SumCase{4, {16, 1, false}, 64, SampleSum::kReduceScatter, 12 + 4},
                    SumCase{2, {2, 1, false}, 8, SampleSum::kEach, 4},
                    SumCase{16, {4, 1, false}, 64, SampleSum::kEach, 64},  // too many for one group
                    SumCase{1, {8, 1, true}, 8, SampleSum::kEach, 3}));

TEST(SampleSums, RefusesWhatCannotBeScattered) {
  EXPECT_THROW(
      circuit_of(64, 16,
                 [](SlotCircuit& c, CircuitNodeId from) {
                   return sum_over_samples(c, from, {4, 1, false}, SampleSum::kReduceScatter);
                 }),
      base::Error);
  EXPECT_THROW(circuit_of(64, 3,
                          [](SlotCircuit& c, CircuitNodeId from) {
                            return reduce_scatter(c, from, {4, 1, false});
                          }),
               base::Error);
}

}  // namespace
}  // namespace serdab::packing
