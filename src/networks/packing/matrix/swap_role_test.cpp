#include "networks/packing/matrix/swap_role.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/base/error.h"
#include "networks/packing/circuit_counts.h"
#include "networks/packing/run_circuit.h"
#include "networks/packing/testing/plain_step.h"

namespace serdab::packing {
namespace {

TEST(SwapRole, SplitsWithTheLeastRotations) {
  for (std::uint32_t n = 1; n <= 1024; n *= 2) {
    const SwapRole role = swap_role(n, 1, 1024);
    EXPECT_EQ(role.baby * role.giant, n);
    for (std::uint32_t b = 1; b <= n; b *= 2) EXPECT_LE(role.baby + role.giant, b + n / b) << n;
  }
}

TEST(SwapRole, ElementsAreDiagonalsRotatedBack) {
  const SwapRole role = swap_role(8, 2, 32);  // repeated twice
  const SlotLayout layout = role.matrix_layout(8, 8);
  for (std::uint32_t r = 0; r < 8; ++r) {
    for (std::uint32_t c = 0; c < 8; ++c) {
      const std::uint32_t k = (c - r) % 8, g = k / role.baby;
      const std::uint32_t index = (r + g * role.baby) % 8, at = k * 32 + index * 2;
      const auto rows = layout.of(r * 8 + c);
      EXPECT_EQ(std::set<std::uint32_t>(rows.begin(), rows.end()),
                (std::set<std::uint32_t>{at, at + 1, at + 16, at + 17}));
    }
  }
}

TEST(SwapRole, PaddingStaysZero) {
  std::mt19937_64 random(1);
  const SwapRole role = swap_role(8, 4, 64);
  SlotCircuit circuit;
  circuit.positions = 64;
  const CircuitNodeId w = circuit.input("W", 8), x = circuit.input("x");
  circuit.output("y", role.forward(circuit, w, role.baby_steps(circuit, x)));
  const SlotLayout out = role.vector_layout(5, 3);
  const auto y = run(circuit, {{"W", place(role.matrix_layout(5, 7), random_values(35, random))},
                               {"x", place(role.vector_layout(7, 3), random_values(21, random))}})
                     .at("y");
  std::set<std::uint32_t> held(out.rows.begin(), out.rows.end());
  for (std::uint32_t p = 0; p < 64; ++p) {
    EXPECT_EQ(y[p] != 0, held.contains(p)) << p;
  }
}

TEST(SwapRole, UnitsAreWhereVectorsStand) {
  const SwapRole role = swap_role(8, 4, 64);
  EXPECT_EQ(role.at_units(5, 3, 2.5),
            place(role.vector_layout(5, 3), std::vector<double>(15, 2.5)));
}

TEST(SwapRole, RefusesWhatDoesNotFit) {
  EXPECT_THROW(swap_role(6, 1, 8), base::Error);
  EXPECT_THROW(swap_role(8, 3, 32), base::Error);
  EXPECT_THROW(swap_role(16, 1, 8), base::Error);
  try {
    swap_role(8, 8, 32);
    FAIL() << "8 x 8 samples were put into 32 positions";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("at most 4 fit"), std::string::npos);
  }
  EXPECT_THROW(swap_role(8, 2, 16).matrix_layout(9, 8), base::Error);
  EXPECT_THROW(swap_role(8, 2, 16).vector_layout(8, 3), base::Error);
}

}  // namespace
}  // namespace serdab::packing
