#include "networks/packing/circuit_counts.h"

#include <gtest/gtest.h>

namespace serdab::packing {
namespace {

SlotCircuit of_positions(std::uint32_t positions) {
  SlotCircuit circuit;
  circuit.positions = positions;
  return circuit;
}

TEST(CircuitCounts, SharesADecompositionOnlyWhereThereAreSeveralRotations) {
  SlotCircuit circuit = of_positions(8);
  const CircuitNodeId x = circuit.input("x");
  circuit.output("many", circuit.rotate(x, {0, 1, -2, 3, 8}));  // 8 is no rotation
  circuit.output("one", circuit.rotate(x, {0, 5}));
  const CircuitCounts counts = count(circuit);
  EXPECT_EQ(counts.hoisted_rotations, 3u);
  EXPECT_EQ(counts.full_rotations, 1u);
  EXPECT_EQ(counts.ciphertexts, 1u);
  EXPECT_EQ(counts.depth, 0u);
}

TEST(CircuitCounts, TotalsRotateEveryElement) {
  SlotCircuit circuit = of_positions(8);
  const CircuitNodeId x = circuit.input("x", 3);
  circuit.output("total", circuit.rotated_total(x, {0, 1, 2}));      // 2
  circuit.output("sums", circuit.rotate_sum(x, axis_shifts(8, 1)));  // 3 shifts x 3
  EXPECT_EQ(count(circuit).full_rotations, 2u + 9u);
}

TEST(CircuitCounts, ProductsAndMasksGoDeeper) {
  SlotCircuit circuit = of_positions(2);
  const CircuitNodeId x = circuit.input("x", 2);
  const CircuitNodeId dot = circuit.products(x, x, {{0, 0, 0}, {1, 1, 0}});
  const CircuitNodeId masked = circuit.mask(x, {1, 0});
  const CircuitNodeId y = circuit.multiply(masked, circuit.add(dot, x));
  circuit.output("y", circuit.offset(y, {1}));
  const CircuitCounts counts = count(circuit);
  EXPECT_EQ(counts.products, 4u);
  EXPECT_EQ(counts.relinearisations, 3u);
  EXPECT_EQ(counts.masks, 2u);
  EXPECT_EQ(counts.depth, 2u);
  EXPECT_EQ(depths(circuit), (std::vector<std::size_t>{0, 1, 1, 1, 2, 2}));
}

TEST(CircuitCounts, SumsOfProductsAreRelinearisedOnce) {
  SlotCircuit circuit = of_positions(2);
  const CircuitNodeId x = circuit.input("x", 3);
  const CircuitNodeId a = circuit.multiply(x, x), b = circuit.multiply(x, x);
  const CircuitNodeId c = circuit.multiply(x, x), read = circuit.multiply(x, x);
  circuit.output("sum", circuit.combine({{a, 1}, {b, -2}, {c, 1}}));  // one for each of 3
  circuit.output("twice", circuit.add(read, x));
  circuit.output("read", read);  // 3 more
  EXPECT_EQ(count(circuit).relinearisations, 6u);
  EXPECT_EQ(count(circuit).products, 12u);
  EXPECT_EQ(sums_of_products(circuit),
            (std::vector<bool>{false, false, false, false, false, true, false}));
}

TEST(CircuitCounts, LeavesOutWhatNoOutputNeeds) {
  SlotCircuit circuit = of_positions(4);
  const CircuitNodeId x = circuit.input("x"), unused = circuit.input("unused");
  circuit.rotate(circuit.square(circuit.square(unused)), {1, 2});
  circuit.output("y", circuit.square(x));
  CircuitCounts expected;
  expected.products = expected.relinearisations = expected.depth = expected.ciphertexts = 1;
  EXPECT_EQ(count(circuit), expected);
  EXPECT_EQ(live_nodes(circuit), (std::vector<bool>{true, false, false, false, false, true}));
}

}  // namespace
}  // namespace serdab::packing
