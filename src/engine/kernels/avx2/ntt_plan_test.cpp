#include "engine/kernels/avx2/ntt_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace serdab::kernels::avx2 {
namespace {

// docs/notes/ntt-ranges.md says which passes centre; here the note is held to its word, and the
// bounds are walked again independently.
TEST(NttPlan, ForwardCentresOnlyWhereTheNoteSays) {
  for (int i = 0; i < kMaxPasses; ++i) {
    EXPECT_EQ(plan_forward(0x1p50, 1, kMaxPasses).pass[i].centre, i % 2 == 1);
    EXPECT_EQ(plan_forward(0x1p49, 1, kMaxPasses).pass[i].centre, i == 4 || i == 8);
    EXPECT_FALSE(plan_forward(0x1p47, 1, kMaxPasses).pass[i].centre);
  }
}

TEST(NttPlan, InverseCentresOnlyWhereTheNoteSays) {
  for (int i = 0; i < kMaxPasses; ++i) {
    EXPECT_EQ(plan_inverse(0x1p50, 1, kMaxPasses).pass[i].centre, 2);
    EXPECT_EQ(plan_inverse(0x1p49, 1, kMaxPasses).pass[i].centre, 1);
  }
}

TEST(NttPlan, FactorsStayWithinTheLimit) {
  for (double bits = 20; bits <= 50; bits += 0.25) {
    const double q = std::exp2(bits);
    const double limit = 0x1p52 / q;
    const auto product = [&](double c) { return 0.5 + c * q * 0x1p-53; };
    const ForwardPlan forward = plan_forward(q, 2.3, kMaxPasses);
    double c = 2.3;
    for (const ForwardPass& pass : forward.pass) {
      ASSERT_LE(c, limit) << bits;
      const double middle = (pass.centre ? 0.50001 : c) + product(c);
      ASSERT_LE(middle, limit) << bits;
      c = middle + product(middle);
    }
    ASSERT_LE(c, 2 * limit) << bits;

    const InversePlan inverse = plan_inverse(q, 1, kMaxPasses);
    c = 1;
    for (const InversePass& pass : inverse.pass) {
      ASSERT_LE(4 * c, limit) << bits;
      const double a0 = pass.centre >= 1 ? 0.50001 : 4 * c;
      const double a1 = pass.centre >= 2 ? 0.50001 : 2 * product(2 * c);
      c = std::max({a0, a1, product(4 * c)});
    }
  }
}

}  // namespace
}  // namespace serdab::kernels::avx2
