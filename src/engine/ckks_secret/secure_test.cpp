// Secure sizes: every level of a chain used up by products, then a rotation; 128 bits by
// Parameters::create. The small size runs always, the larger ones under the label long.
#include <gtest/gtest.h>

#include <cstdio>

#include "engine/ckks_secret/internal/test_bench.h"

namespace serdab::ckks_secret {
namespace {

using namespace testing_only;

/// Random signs as slots.
Values signs(const Bench& bench, std::uint64_t seed) {
  Values values = bench.random_values(seed);
  for (Complex& value : values) value = value.real() < 0 ? -1 : 1;
  return values;
}

/// x times a fresh encryption of random signs at every level; precision in bits at the end.
double precision_of_products(RingKind ring, unsigned log_n, std::size_t primes, unsigned alpha) {
  Bench bench(ckks_params::Parameters::create(chain(ring, log_n, primes, alpha)));
  const Level top = bench.context.max_level();
  const auto relin = bench.relinearisation_key(top);
  const auto galois = bench.rotation_keys({1}, Level{1});
  const Scale scale{0x1p40};
  Values expected = bench.random_values(1);
  auto c = bench.encrypt(expected, top, scale);
  while (c.level().value > 0) {
    if (c.level() == Level{1}) {
      c = bench.evaluator.rotate(c, 1, galois);
      expected = rotated(expected, 1);
    }
    const Values y = signs(bench, 2 + c.level().value);
    const double prime = static_cast<double>(bench.context.parameters().q()[c.level().value]);
    // The scale that brings the product back to 2^40.
    const Scale exact{scale.value * prime / c.scale().value};
    c = bench.evaluator.multiply(c, bench.encrypt(y, c.level(), exact));
    bench.evaluator.relinearise_rescale(c, relin);
    expected = map2(expected, y, [](auto u, auto v) { return u * v; });
  }
  const double bits = precision_bits(bench.decrypt(c), expected);
  std::printf("ring %d, N = 2^%u, %zu+%u primes, log QP %.0f: %.1f bits after %u products\n",
              static_cast<int>(ring), log_n, primes, alpha, bench.context.parameters().log_qp(),
              bits, top.value);
  return bits;
}

class SecureSizes : public testing::TestWithParam<RingKind> {};
class LongSecureSizes : public SecureSizes {};

TEST_P(SecureSizes, ChainAt13) { EXPECT_GT(precision_of_products(GetParam(), 13, 3, 1), 20); }
TEST_P(LongSecureSizes, ChainAt14) { EXPECT_GT(precision_of_products(GetParam(), 14, 7, 2), 20); }
TEST_P(LongSecureSizes, ChainAt15) { EXPECT_GT(precision_of_products(GetParam(), 15, 15, 4), 20); }
TEST_P(LongSecureSizes, ChainAt16) { EXPECT_GT(precision_of_products(GetParam(), 16, 32, 8), 18); }

constexpr auto kBoth = {RingKind::kStandard, RingKind::kConjugateInvariant};
INSTANTIATE_TEST_SUITE_P(BothRings, SecureSizes, testing::ValuesIn(kBoth));
INSTANTIATE_TEST_SUITE_P(BothRings, LongSecureSizes, testing::ValuesIn(kBoth));

}  // namespace
}  // namespace serdab::ckks_secret
