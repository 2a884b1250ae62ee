#include "networks/program/split_sums.h"

#include <gtest/gtest.h>

#include <cmath>

#include "networks/program/reference.h"
#include "networks/program/schedule.h"
#include "networks/program/verifier.h"

namespace serdab::program {
namespace {

// Sizes only: nothing here computes modulo them.
const std::vector<std::uint64_t> kPrimes = {1099511480321u, 1099510890497u, 1099510824961u};
constexpr std::uint32_t kPositions = 40;

// Two channels at 40 positions, squared, then a dense layer of three outputs over all of them; the
// channels of a position are kPositions apart, as a convolution leaves them.
Program wide_program() {
  Program p;
  p.primes = kPrimes;
  p.special_primes = {1099509805057u};
  const auto push = [&](Op op, std::uint32_t count, unsigned parts, unsigned level,
                        base::Scale scale) {
    p.values.push_back({std::move(op), "layer", count, parts, {level}, scale, 1.0});
  };
  const base::Scale s{std::exp2(36)}, s1 = s * base::Scale{4};
  push(Input{}, 2 * kPositions, 2, 2, s);
  AffineTerm mix{0, {{2, 2, {3, -1, 2, 4}}}, {}};
  for (std::uint32_t i = 0; i < kPositions; ++i) {
    mix.blocks.push_back({0, {i, i + kPositions}, {i, i + kPositions}});
  }
  push(Affine{{mix}, std::vector<double>(2 * kPositions, 0.1)}, 2 * kPositions, 2, 2, s1);
  push(Square{1}, 2 * kPositions, 3, 2, s1 * s1);
  push(Relinearise{2}, 2 * kPositions, 2, 2, s1 * s1);
  const base::Scale s2 = base::rescaled(s1 * s1, kPrimes[2]);
  push(Rescale{3, 1}, 2 * kPositions, 2, 1, s2);
  AffineTerm dense{4, {{3, 2 * kPositions, {}}}, {{0, {}, {0, 1, 2}}}};
  for (std::uint32_t i = 0; i < 2 * kPositions; ++i) dense.blocks[0].inputs.push_back(i);
  for (std::int32_t i = 0; i < 6 * std::int32_t{kPositions}; ++i) {
    dense.matrices[0].weights.push_back(i * 37 % 101 - 50);
  }
  push(Affine{{dense}, {1.0, 2.0, -3.0}}, 3, 2, 1, s2 * base::Scale{64});
  push(Square{5}, 3, 3, 1, s2 * base::Scale{64} * (s2 * base::Scale{64}));
  verify(p);
  return p;
}

TEST(SplitSums, ComputesTheSameFromPartsThatAreReleased) {
  const Program whole = wide_program();
  const Program split = split_sums(whole, 16);
  EXPECT_EQ(split.values.size(), whole.values.size() + 2 * 4);  // five parts
  Bundle input(2 * kPositions, 3);
  for (std::size_t i = 0; i < input.data.size(); ++i) {
    input.data[i] = std::sin(static_cast<double>(i));
  }
  const Bundle expected = run_reference(whole, input), got = run_reference(split, input);
  for (std::size_t i = 0; i < expected.data.size(); ++i) {
    EXPECT_NEAR(got.data[i], expected.data[i], 1e-9 * std::abs(expected.data[i]));
  }
  const std::size_t n = 1024;
  const std::size_t before = planned_peak_bytes(whole, make_schedule(whole, 1), n, 1);
  const std::size_t after = planned_peak_bytes(split, make_schedule(split, 1), n, 1);
  EXPECT_LT(after, before * 2 / 3);
}

TEST(SplitSums, LeavesNarrowSumsAlone) {
  const Program whole = wide_program();
  EXPECT_EQ(split_sums(whole, 2 * kPositions).values.size(), whole.values.size());
}

}  // namespace
}  // namespace serdab::program
