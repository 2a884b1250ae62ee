#include "networks/packing/run_circuit.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace serdab::packing {
namespace {

SlotVectors run_one(SlotCircuit& circuit, CircuitNodeId result,
                    const std::map<std::string, SlotVectors>& inputs) {
  circuit.output("result", result);
  return run(circuit, inputs).at("result");
}

class RunCircuit : public testing::Test {
 protected:
  RunCircuit() { circuit.positions = 4; }
  SlotCircuit circuit;
  const SlotVectors one{1, 2, 3, 4}, two{1, 2, 3, 4, 10, 20, 30, 40};
};

TEST_F(RunCircuit, RotationsReadAhead) {
  const CircuitNodeId x = circuit.input("x");
  EXPECT_EQ(run_one(circuit, circuit.rotate(x, {1, -1, 0}), {{"x", one}}),
            (SlotVectors{2, 3, 4, 1, 4, 1, 2, 3, 1, 2, 3, 4}));
}

TEST_F(RunCircuit, RotatedTotal) {
  const CircuitNodeId x = circuit.input("x", 2);
  EXPECT_EQ(run_one(circuit, circuit.rotated_total(x, {0, 2}), {{"x", two}}),
            (SlotVectors{31, 42, 13, 24}));
}

TEST_F(RunCircuit, RotateSumAddsInTurn) {
  const CircuitNodeId x = circuit.input("x", 2);
  EXPECT_EQ(run_one(circuit, circuit.rotate_sum(x, {1, 1}), {{"x", two}}),  // (1 + rot)²
            (SlotVectors{8, 12, 12, 8, 80, 120, 120, 80}));
}

TEST_F(RunCircuit, SumsOfProducts) {
  const CircuitNodeId x = circuit.input("x", 2), y = circuit.input("y");
  EXPECT_EQ(run_one(circuit, circuit.products(x, y, {{0, 0, 1}, {1, 0, 1}, {1, 0, 0}}),
                    {{"x", two}, {"y", one}}),
            (SlotVectors{10, 40, 90, 160, 11, 44, 99, 176}));
}

TEST_F(RunCircuit, SingleCiphertextsStandForEveryElement) {
  const CircuitNodeId x = circuit.input("x", 2), y = circuit.input("y");
  EXPECT_EQ(run_one(circuit, circuit.combine({{x, 2}, {y, -1}}), {{"x", two}, {"y", one}}),
            (SlotVectors{1, 2, 3, 4, 19, 38, 57, 76}));
}

TEST_F(RunCircuit, PublicVectors) {
  const CircuitNodeId x = circuit.input("x", 2);
  const CircuitNodeId masked = circuit.mask(x, {1, 0, 0, 2});                    // for all
  const CircuitNodeId moved = circuit.offset(masked, {0, 1, 0, 0, 5, 0, 0, 0});  // one an element
  EXPECT_EQ(run_one(circuit, circuit.scaled(circuit.offset(moved, {1}), 0.5), {{"x", two}}),
            (SlotVectors{1, 1, 0.5, 4.5, 8, 0.5, 0.5, 40.5}));
}

TEST_F(RunCircuit, SelectRepeatsAndReorders) {
  const CircuitNodeId x = circuit.input("x", 2);
  EXPECT_EQ(run_one(circuit, circuit.select(x, {1, 0, 1}), {{"x", two}}),
            (SlotVectors{10, 20, 30, 40, 1, 2, 3, 4, 10, 20, 30, 40}));
}

TEST_F(RunCircuit, ObserverSeesAndChangesEveryNode) {
  const CircuitNodeId x = circuit.input("x");
  circuit.output("y", circuit.square(x));
  std::vector<CircuitNodeId> seen;
  const auto outputs = run(circuit, {{"x", one}}, [&](CircuitNodeId id, SlotVectors& v) {
    seen.push_back(id);
    if (id == x) v[0] = 7;
  });
  EXPECT_EQ(seen, (std::vector<CircuitNodeId>{0, 1}));
  EXPECT_EQ(outputs.at("y"), (SlotVectors{49, 4, 9, 16}));
}

TEST_F(RunCircuit, NamesTheInputThatIsWrong) {
  circuit.output("y", circuit.input("weights", 2));
  for (const std::map<std::string, SlotVectors>& inputs :
       {std::map<std::string, SlotVectors>{}, {{"weights", one}}}) {
    try {
      run(circuit, inputs);
      FAIL() << "ran";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
      EXPECT_NE(std::string(error.what()).find("'weights'"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace serdab::packing
