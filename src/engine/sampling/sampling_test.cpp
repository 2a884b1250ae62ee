#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "engine/sampling/prng.h"
#include "engine/sampling/small.h"
#include "engine/sampling/uniform.h"

namespace serdab::sampling {
namespace {

// Pearson's statistic minus its mean, in standard deviations.
double chi_square_excess(const std::vector<double>& seen, const std::vector<double>& expected) {
  double statistic = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    statistic += (seen[i] - expected[i]) * (seen[i] - expected[i]) / expected[i];
  }
  const double freedom = static_cast<double>(seen.size() - 1);
  return (statistic - freedom) / std::sqrt(2 * freedom);
}

TEST(Prng, IsAes256InCounterMode) {
  // head -c 16 /dev/zero | openssl enc -aes-256-ctr -K 0700…00 -iv 00000000000001020000000000000000
  Prng prng(Seed::insecure_for_tests(7), 0x0102);
  EXPECT_EQ(prng.next_u64(), 0x544151ab47d98b8eu);
  EXPECT_EQ(prng.next_u64(), 0x3885476f4dc52e5du);
}

TEST(Prng, FillEqualsSingleWordsAcrossBufferEdges) {
  Prng words(Seed::insecure_for_tests(1), 5), blocks(Seed::insecure_for_tests(1), 5);
  for (std::size_t size : {3u, 1021u, 1u, 5000u, 7u}) {
    std::vector<std::uint64_t> block(size);
    blocks.fill(block);
    for (auto value : block) ASSERT_EQ(value, words.next_u64());
    ASSERT_EQ(blocks.next_u64(), words.next_u64());
  }
}

TEST(Prng, StreamsAndSeedsDiffer) {
  Prng a(Seed::insecure_for_tests(1), 0), b(Seed::insecure_for_tests(1), 1);
  Prng c(Seed::insecure_for_tests(2), 0);
  const auto first = a.next_u64();
  EXPECT_NE(first, b.next_u64());
  EXPECT_NE(first, c.next_u64());
  EXPECT_NE(Seed::from_system(), Seed::from_system());
}

TEST(Uniform, MapIsMaskThenReject) {
  const arith::Modulus q(12289);
  Prng prng(Seed::insecure_for_tests(3), 0), words(Seed::insecure_for_tests(3), 0);
  std::vector<std::uint64_t> sampled(1000);
  sample_uniform(prng, q, sampled);
  for (auto value : sampled) {
    std::uint64_t expected;
    do {
      expected = words.next_u64() & 0x3fff;
    } while (expected >= 12289);
    ASSERT_EQ(value, expected);
  }
}

TEST(Uniform, LooksUniform) {
  const arith::Modulus q((std::uint64_t{1} << 49) + 9);  // nearly every second word is dropped
  Prng prng(Seed::insecure_for_tests(4), 0);
  std::vector<std::uint64_t> sampled(200'000);
  sample_uniform(prng, q, sampled);
  std::vector<double> seen(64, 0.0);
  for (auto value : sampled) {
    ASSERT_LT(value, q.value());
    seen[static_cast<std::size_t>(static_cast<double>(value) / static_cast<double>(q.value()) *
                                  64)] += 1;
  }
  EXPECT_LT(std::abs(chi_square_excess(seen, std::vector<double>(64, 200'000 / 64.0))), 5);
}

TEST(Ternary, ThreeEqualParts) {
  Prng prng(Seed::insecure_for_tests(5), 0);
  std::vector<std::int8_t> sampled(300'000);
  sample_ternary(prng, sampled);
  std::vector<double> seen(3, 0.0);
  for (auto value : sampled) seen.at(static_cast<std::size_t>(value + 1)) += 1;
  EXPECT_LT(std::abs(chi_square_excess(seen, std::vector<double>(3, 100'000.0))), 5);
}

TEST(Gaussian, FollowsTheDistribution) {
  constexpr int kCount = 1'000'000;
  Prng prng(Seed::insecure_for_tests(6), 0);
  std::vector<std::int8_t> sampled(kCount);
  sample_gaussian(prng, sampled);
  std::vector<double> seen(23, 0.0), expected(23, 0.0);
  double total = 0, squares = 0;
  for (int x = -60; x <= 60; ++x) total += std::exp(-x * x / (2 * kErrorSigma * kErrorSigma));
  for (int x = -11; x <= 11; ++x) {
    expected[static_cast<std::size_t>(x + 11)] =
        kCount * std::exp(-x * x / (2 * kErrorSigma * kErrorSigma)) / total;
  }
  for (int value : sampled) {
    ASSERT_LE(std::abs(value), kErrorBound);
    if (std::abs(value) <= 11) seen[static_cast<std::size_t>(value + 11)] += 1;
    squares += static_cast<double>(value) * value;
  }
  EXPECT_LT(std::abs(chi_square_excess(seen, expected)), 5);
  EXPECT_NEAR(std::sqrt(squares / kCount), kErrorSigma, 0.01);
}

TEST(WideGaussian, HasTheAskedDeviation) {
  for (double sigma : {1.0, 1000.0, 0x1p90}) {
    Prng prng(Seed::insecure_for_tests(8), 0);
    std::vector<double> sampled(100'000);
    sample_wide_gaussian(prng, sigma, sampled);
    double squares = 0;
    for (double value : sampled) {
      ASSERT_EQ(value, std::nearbyint(value));
      squares += value / sigma * (value / sigma);
    }
    // Rounding adds 1/12.
    EXPECT_NEAR(squares / 100'000, 1 + 1 / (12 * sigma * sigma), 0.02);
  }
}

}  // namespace
}  // namespace serdab::sampling
