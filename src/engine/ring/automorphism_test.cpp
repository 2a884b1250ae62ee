#include "engine/ring/automorphism.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/ring/arithmetic.h"
#include "engine/ring/internal/test_rings.h"
#include "engine/ring/transform.h"

namespace serdab::ring {
namespace {

using base::GaloisElement;
using base::RingKind;
using namespace testing_only;

RnsPoly<Ntt> apply(const RnsBasis& basis, std::uint64_t g, const RnsPoly<Ntt>& a) {
  RnsPoly<Ntt> out(basis.n(), basis.size());
  Automorphism(basis.ring().kind(), basis.ring().log_n(), GaloisElement{g}).apply(basis, a, out);
  return out;
}

class Automorphisms : public testing::TestWithParam<RingKind> {};

TEST_P(Automorphisms, ComposeAndRespectProducts) {
  const auto ring = toy_ring(GetParam(), 6, 2, 0);
  const RnsBasis basis = ring->basis({1});
  const std::uint64_t modulus = exponent_modulus(ring->kind(), ring->log_n());
  const auto a = random_poly(basis, 1), b = random_poly(basis, 2);
  RnsPoly<Ntt> ab(basis.n(), basis.size()), product(basis.n(), basis.size());
  multiply(basis, a, b, ab);
  for (std::uint64_t g : {std::uint64_t{3}, std::uint64_t{5}, modulus - 1, modulus - 5}) {
    multiply(basis, apply(basis, g, a), apply(basis, g, b), product);
    EXPECT_TRUE(equal(basis, product, apply(basis, g, ab)));
    for (std::uint64_t h : {std::uint64_t{9}, modulus - 3}) {
      EXPECT_TRUE(
          equal(basis, apply(basis, g, apply(basis, h, a)), apply(basis, g * h % modulus, a)));
    }
    const auto inverse = inverse_element(ring->kind(), ring->log_n(), GaloisElement{g});
    EXPECT_TRUE(equal(basis, apply(basis, inverse.value, apply(basis, g, a)), a));
  }
}

// On coefficients: X^i → X^(ig), signs from X^n = −1 (and X^2n = −1 with X^-i for the other ring).
TEST_P(Automorphisms, MoveCoefficients) {
  const auto ring = toy_ring(GetParam(), 5, 1, 0);
  const RnsBasis basis = ring->basis({0});
  const std::uint64_t modulus = exponent_modulus(ring->kind(), ring->log_n());
  const std::uint64_t n = basis.n(), half = modulus / 2;
  for (std::uint64_t g = 1; g < modulus; g += 2) {
    std::vector<__int128> before(n), after(n, 0);
    for (std::uint64_t i = 0; i < n; ++i) {
      before[i] = static_cast<__int128>(i) + 1;
      std::uint64_t exponent = i * g % modulus;
      __int128 value = before[i];
      if (GetParam() == RingKind::kConjugateInvariant && exponent > half)
        exponent = modulus - exponent;
      if (exponent >= n) {
        value = -value;
        exponent = GetParam() == RingKind::kStandard ? exponent - n : half - exponent;
      }
      after[exponent] += value;
    }
    EXPECT_TRUE(equal(basis, apply(basis, g, to_ntt(from_integers(basis, before), basis)),
                      to_ntt(from_integers(basis, after), basis)))
        << g;
  }
}

// The smallest ring whose values fill vectors: blocks of eight with one index bit.
TEST_P(Automorphisms, SixteenValues) {
  const auto ring = toy_ring(GetParam(), 4, 1, 0);
  const RnsBasis basis = ring->basis({0});
  const std::uint64_t modulus = exponent_modulus(GetParam(), 4);
  const auto a = random_poly(basis, 3);
  for (std::uint64_t g = 1; g < modulus; g += 2) {
    const auto inverse = inverse_element(GetParam(), 4, GaloisElement{g});
    EXPECT_TRUE(equal(basis, apply(basis, inverse.value, apply(basis, g, a)), a)) << g;
  }
}

TEST_P(Automorphisms, RotationElements) {
  const unsigned log_n = 6;
  const std::uint64_t modulus = exponent_modulus(GetParam(), log_n);
  const long slots = static_cast<long>(modulus / 4);
  EXPECT_EQ(rotation_element(GetParam(), log_n, 0).value, 1u);
  EXPECT_EQ(rotation_element(GetParam(), log_n, 2).value, 9u);
  EXPECT_EQ(rotation_element(GetParam(), log_n, slots).value, 1u);
  const auto forward = rotation_element(GetParam(), log_n, 5);
  EXPECT_EQ(rotation_element(GetParam(), log_n, -5), inverse_element(GetParam(), log_n, forward));
  EXPECT_EQ(rotation_element(GetParam(), log_n, 5 - 3 * slots), forward);
}

TEST_P(Automorphisms, BadElementsAreRefused) {
  EXPECT_THROW(Automorphism(GetParam(), 6, GaloisElement{4}), base::Error);
  EXPECT_THROW(Automorphism(GetParam(), 6, GaloisElement{513}), base::Error);
}

INSTANTIATE_TEST_SUITE_P(BothRings, Automorphisms,
                         testing::Values(RingKind::kStandard, RingKind::kConjugateInvariant));

}  // namespace
}  // namespace serdab::ring
