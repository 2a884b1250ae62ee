#include "engine/kernels/avx512ifma/ntt_plan.h"

#include <gtest/gtest.h>

#include <cmath>

namespace serdab::kernels::avx512ifma {
namespace {

constexpr double kTop = 0x1p52;

// docs/notes/ntt-ranges.md: the bounds are walked again, in words, for every size and prime.
TEST(IfmaPlan, ForwardValuesStayWithinAWord) {
  for (double bits = 20; bits <= 50; bits += 0.125) {
    const double q = std::floor(std::exp2(bits));
    for (unsigned log_n = 7; log_n <= 17; ++log_n) {
      const Plan plan = plan_forward(static_cast<std::uint64_t>(q), log_n);
      double low = 0, high = kTop;  // any input below 2^52 is allowed: the first pass reduces
      unsigned layers = 0;
      for (std::size_t i = 0; i < plan.count; ++i) {
        const Pass& pass = plan.pass[i];
        ASSERT_TRUE(i > 0 || pass.reduce != Reduce::kNever);
        for (unsigned l = 0; l < pass.layers; ++l, ++layers) {
          ASSERT_GE(low, 0) << bits << " " << log_n;
          ASSERT_LE(high, kTop) << bits << " " << log_n;
          if (pass.reduce == Reduce::kEvery || (pass.reduce == Reduce::kOnce && l == 0)) {
            low = static_cast<double>(pass.reach) * q;
            high = low + q + 0x1p49;
          }
          low -= q;
          high += q;
        }
      }
      ASSERT_EQ(layers, log_n);
      ASSERT_GE(low, 0) << bits << " " << log_n;
      ASSERT_LE(high, kTop) << bits << " " << log_n;
    }
  }
}

TEST(IfmaPlan, InverseOperandsStayWithinAWord) {
  for (double bits = 20; bits <= 50; bits += 0.125) {
    const double q = std::floor(std::exp2(bits));
    for (unsigned log_n = 7; log_n <= 17; ++log_n) {
      const Plan plan = plan_inverse(static_cast<std::uint64_t>(q), log_n);
      double bound = 1;
      for (std::size_t i = plan.count; i-- > 0;) {
        const Pass& pass = plan.pass[i];
        for (unsigned l = 0; l < pass.layers; ++l) {
          const double shift =
              pass.reduce == Reduce::kEvery
                  ? 2
                  : std::ldexp(static_cast<double>(pass.reach), static_cast<int>(l));
          ASSERT_LE(bound, shift) << bits << " " << log_n;
          ASSERT_LE(2 * shift * q, kTop) << bits << " " << log_n;
          // Products are below 2q.
          bound = std::max(2.0, pass.reduce == Reduce::kEvery ? 2.0 : 2 * bound);
        }
        if (pass.reduce == Reduce::kOnce) bound = 2;
      }
      ASSERT_TRUE(plan.pass[0].reduce != Reduce::kNever);  // what unfolding is given: below 2q
    }
  }
}

TEST(IfmaPlan, ReducesOnlyWhereTheNoteSays) {
  EXPECT_EQ(forward_reach(std::uint64_t{1} << 50), 1u);
  EXPECT_EQ(forward_reach((std::uint64_t{1} << 49) - 1), 3u);
  EXPECT_GE(forward_reach(static_cast<std::uint64_t>(std::exp2(46.75))), 16u);
}

}  // namespace
}  // namespace serdab::kernels::avx512ifma
