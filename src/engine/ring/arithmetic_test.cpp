#include "engine/ring/arithmetic.h"

#include <gtest/gtest.h>

#include "engine/base/threads.h"
#include "engine/ring/internal/test_rings.h"
#include "engine/ring/transform.h"

namespace serdab::ring {
namespace {

using base::RingKind;
using namespace testing_only;

class RingAxioms : public testing::TestWithParam<RingKind> {};

TEST_P(RingAxioms, HoldOnRandomElements) {
  const auto ring = toy_ring(GetParam(), 6, 3, 1);
  const RnsBasis basis = ring->basis_qp({2});
  const auto a = random_poly(basis, 1), b = random_poly(basis, 2), c = random_poly(basis, 3);
  const auto make = [&] { return RnsPoly<Ntt>(basis.n(), basis.size()); };
  auto left = make(), right = make(), sum = make(), ab = make(), ac = make();
  // a(b + c) = ab + ac
  add(basis, b, c, sum);
  multiply(basis, a, sum, left);
  multiply(basis, a, b, ab);
  multiply(basis, a, c, ac);
  add(basis, ab, ac, right);
  EXPECT_TRUE(equal(basis, left, right));
  // ab + ac − ab = ac, and the same by multiply_add into −ab + ab
  subtract(basis, left, ab, left);
  EXPECT_TRUE(equal(basis, left, ac));
  negate(basis, ab, right);
  multiply_add(basis, a, b, right);
  EXPECT_TRUE(equal(basis, right, RnsPoly<Ntt>::zeroed(basis.n(), basis.size())));
  // (ab)c = a(bc), ab = ba
  multiply(basis, ab, c, left);
  multiply(basis, b, c, right);
  multiply(basis, a, right, right);
  EXPECT_TRUE(equal(basis, left, right));
  multiply(basis, b, a, right);
  EXPECT_TRUE(equal(basis, ab, right));
}

TEST_P(RingAxioms, TransformsAreInverseAndConsume) {
  const auto ring = toy_ring(GetParam(), 6, 2, 0);
  const RnsBasis basis = ring->basis({1});
  const auto a = random_poly(basis, 1);
  auto copy = a.clone();
  const std::uint64_t* where = copy.limb(0);
  const auto back = to_ntt(to_coeff(std::move(copy), basis), basis);
  EXPECT_EQ(back.limb(0), where);
  EXPECT_TRUE(equal(basis, a, back));
}

TEST_P(RingAxioms, ScalarsAreConstantPolynomials) {
  const auto ring = toy_ring(GetParam(), 6, 2, 0);
  const RnsBasis basis = ring->basis({1});
  std::vector<__int128> constant(basis.n(), 0);
  constant[0] = 12345;
  const auto poly = to_ntt(from_integers(basis, constant), basis);
  const auto a = random_poly(basis, 1);
  const Residues w = [](const Modulus& q) { return 12345 % q.value(); };
  RnsPoly<Ntt> expected(basis.n(), basis.size()), seen(basis.n(), basis.size());
  multiply(basis, a, poly, expected);
  multiply_scalar(basis, a, w, seen);
  EXPECT_TRUE(equal(basis, expected, seen));
  add(basis, a, poly, expected);
  add_constant(basis, a, w, seen);
  EXPECT_TRUE(equal(basis, expected, seen));
}

TEST_P(RingAxioms, SeededPolynomialsOfALowerLevelArePrefixes) {
  const auto ring = toy_ring(GetParam(), 6, 3, 1);
  const auto high = random_poly(ring->basis_qp({2}), 9), low = random_poly(ring->basis_qp({1}), 9);
  EXPECT_TRUE(equal(ring->basis({1}), high, low));
  for (std::size_t c = 0; c < ring->n(); ++c) ASSERT_EQ(high.limb(3)[c], low.limb(2)[c]);
}

TEST_P(RingAxioms, ThreadsDoNotChangeTheResult) {
  const auto ring = toy_ring(GetParam(), 13, 5, 0);
  const RnsBasis basis = ring->basis({4});
  RnsPoly<Ntt> one(basis.n(), basis.size()), many(basis.n(), basis.size());
  for (auto* out : {&one, &many}) {
    const base::ThreadLimit limit(out == &one ? 1 : 4);
    multiply(basis, random_poly(basis, 1), random_poly(basis, 2), *out);
  }
  EXPECT_TRUE(equal(basis, one, many));
}

INSTANTIATE_TEST_SUITE_P(BothRings, RingAxioms,
                         testing::Values(RingKind::kStandard, RingKind::kConjugateInvariant));

// X^i·X^j = X^(i+j), and X^n = −1 comes back with the other sign.
TEST(StandardRing, ProductIsNegacyclic) {
  const auto ring = toy_ring(RingKind::kStandard, 5, 1, 0);
  const RnsBasis basis = ring->basis({0});
  for (std::size_t i : {0u, 1u, 17u, 31u}) {
    for (std::size_t j : {0u, 5u, 31u}) {
      std::vector<__int128> a(32, 0), b(32, 0), product(32, 0);
      a[i] = 3;
      b[j] = 5;
      product[(i + j) % 32] = i + j < 32 ? 15 : -15;
      auto x = to_ntt(from_integers(basis, a), basis);
      multiply(basis, x, to_ntt(from_integers(basis, b), basis), x);
      EXPECT_TRUE(equal(basis, x, to_ntt(from_integers(basis, product), basis)));
    }
  }
}

// (X^i + X^-i)(X^j + X^-j) = (X^(i+j) + X^-(i+j)) + (X^(i−j) + X^-(i−j)), with X^2N = −1.
TEST(ConjugateInvariantRing, ProductFoldsBothWays) {
  constexpr long kN = 32;
  const auto ring = toy_ring(RingKind::kConjugateInvariant, 5, 1, 0);
  const RnsBasis basis = ring->basis({0});
  const auto term = [&](std::vector<__int128>& v, long e, long weight) {  // weight·(X^e + X^-e)
    e = std::abs(e);
    if (e > kN) {  // X^e = −X^(e−2N)
      e = 2 * kN - e;
      weight = -weight;
    }
    if (e == kN) return;  // X^N + X^-N = 0
    v[static_cast<std::size_t>(e)] += e == 0 ? 2 * weight : weight;
  };
  for (long i : {1L, 2L, 17L, 31L}) {
    for (long j : {1L, 15L, 17L, 31L}) {
      std::vector<__int128> a(kN, 0), b(kN, 0), product(kN, 0);
      term(a, i, 3);
      term(b, j, 5);
      term(product, i + j, 15);
      term(product, i - j, 15);
      auto x = to_ntt(from_integers(basis, a), basis);
      multiply(basis, x, to_ntt(from_integers(basis, b), basis), x);
      EXPECT_TRUE(equal(basis, x, to_ntt(from_integers(basis, product), basis))) << i << " " << j;
    }
  }
}

}  // namespace
}  // namespace serdab::ring
