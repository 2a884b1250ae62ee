#include "engine/ring/divide.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "engine/ring/arithmetic.h"
#include "engine/ring/internal/test_rings.h"
#include "engine/ring/transform.h"

namespace serdab::ring {
namespace {

using base::RingKind;
using namespace testing_only;

__int128 product(const Ring& ring, std::size_t first, std::size_t count) {
  __int128 result = 1;
  for (std::size_t i = 0; i < count; ++i)
    result *= static_cast<__int128>(ring.modulus(first + i).value());
  return result;
}

/// n values in [0, bound), the ends and the middle among them.
std::vector<__int128> integers(std::size_t n, __int128 bound, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<__int128> values = {0, 1, bound - 1, bound / 2, bound / 2 + 1};
  while (values.size() < n) {
    const auto wide = static_cast<unsigned __int128>(random()) << 64 | random();
    values.push_back(static_cast<__int128>(wide % static_cast<unsigned __int128>(bound)));
  }
  return values;
}

TEST(BaseConverter, IsExactForAnyNumberOfPrimes) {
  const auto ring = toy_ring(RingKind::kStandard, 5, 4, 2);
  for (const auto& [count, form] :
       std::vector<std::pair<std::size_t, Representative>>{{1, Representative::kPositive},
                                                           {2, Representative::kPositive},
                                                           {3, Representative::kPositive},
                                                           {1, Representative::kCentred},
                                                           {2, Representative::kCentred},
                                                           {3, Representative::kCentred}}) {
    std::vector<std::size_t> sources(count);
    std::iota(sources.begin(), sources.end(), std::size_t{1});
    const BaseConverter converter(*ring, sources);
    const __int128 m = product(*ring, 1, count);
    auto values = integers(ring->n(), m, count);
    if (form == Representative::kCentred) {
      for (__int128& x : values) x = x > m / 2 ? x - m : x;
    }
    const auto all = from_integers(ring->basis_qp({3}), values);
    std::vector<const std::uint64_t*> in;
    for (const std::size_t source : sources) in.push_back(all.limb(source));
    RnsPoly<Coeff> out(ring->n(), ring->prime_count());
    std::vector<BaseConverter::Target> targets;
    for (std::size_t t = 0; t < ring->prime_count(); ++t) targets.push_back({t, out.limb(t)});
    converter.convert(in.data(), form, targets);
    EXPECT_TRUE(equal(ring->basis_qp({3}), out, all)) << count << " primes";
  }
}

class Divide : public testing::TestWithParam<std::tuple<RingKind, std::size_t, bool>> {};

// Dividing x in [0, QM) by M rounds to the nearest integer, for the last primes of Q and for P.
TEST_P(Divide, RoundsToNearest) {
  const auto [kind, count, special] = GetParam();
  const auto ring = toy_ring(kind, 5, special ? 2 : 2 + count, special ? count : 0, 24);
  const base::Level top{static_cast<unsigned>(ring->q_count() - 1)};
  const RnsBasis basis = special ? ring->basis_qp(top) : ring->basis(top);
  const BaseConverter converter(*ring, basis.last(count));
  const __int128 m = product(*ring, 2, count), all = product(*ring, 0, 2 + count);
  const auto values = integers(ring->n(), all, 7 + count);
  std::vector<__int128> expected;
  for (const __int128 x : values) expected.push_back((x + m / 2) / m);

  auto poly = to_ntt(from_integers(basis, values), basis);
  RnsPoly<Ntt>* const one[] = {&poly};
  divide_by_last(basis, converter, one);
  ASSERT_EQ(poly.limbs(), 2u);
  EXPECT_TRUE(equal(ring->basis({1}), poly,
                    to_ntt(from_integers(ring->basis({1}), expected), ring->basis({1}))));
}

INSTANTIATE_TEST_SUITE_P(Cases, Divide,
                         testing::Combine(testing::Values(RingKind::kStandard,
                                                          RingKind::kConjugateInvariant),
                                          testing::Values(1, 2, 3), testing::Bool()));

}  // namespace
}  // namespace serdab::ring
