#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "engine/arith/primes.h"
#include "engine/base/error.h"
#include "engine/kernels/kernels.h"

namespace serdab::kernels {
namespace {

using base::RingKind;

std::size_t reverse_bits(std::size_t value, unsigned bits) {
  std::size_t result = 0;
  for (unsigned i = 0; i < bits; ++i) result |= ((value >> i) & 1) << (bits - 1 - i);
  return result;
}

Modulus prime(double size, RingKind ring, unsigned log_n) {
  const std::uint64_t congruence = std::uint64_t{ring == RingKind::kStandard ? 2u : 4u} << log_n;
  return Modulus(arith::find_ntt_primes(size, congruence, 1).front());
}

std::vector<std::uint64_t> random_residues(const Modulus& q, std::size_t n) {
  std::mt19937_64 random(n);
  std::vector<std::uint64_t> a(n);
  for (auto& x : a) x = random() % q.value();
  return a;
}

/// a at the point x of the ring: Σ a_i x^i, or a_0 + Σ a_i (x^i + x^-i).
std::uint64_t evaluate(const std::vector<std::uint64_t>& a, RingKind ring, std::uint64_t x,
                       const Modulus& q) {
  const std::uint64_t inverse = arith::inverse_mod(x, q);
  std::uint64_t sum = a[0];
  for (std::size_t i = 1; i < a.size(); ++i) {
    std::uint64_t power = arith::pow_mod(x, i, q);
    if (ring == RingKind::kConjugateInvariant) {
      power = arith::add_mod(power, arith::pow_mod(inverse, i, q), q);
    }
    sum = arith::add_mod(sum, arith::mul_mod(a[i], power, q), q);
  }
  return sum;
}

class NttTest : public testing::TestWithParam<RingKind> {};

TEST_P(NttTest, ScalarValuesAreEvaluationsAtTheDocumentedPoints) {
  const std::uint64_t step = GetParam() == RingKind::kStandard ? 2 : 4;
  for (unsigned log_n = 2; log_n <= 6; ++log_n) {
    const Modulus q = prime(40, GetParam(), log_n);
    const NttTables tables(q, GetParam(), log_n);
    const auto a = random_residues(q, tables.n());
    auto values = a;
    scalar_kernels().ntt_forward_one(tables, values.data());
    for (std::size_t i = 0; i < tables.n(); ++i) {
      const std::uint64_t point = arith::pow_mod(tables.root(), step * i + 1, q);
      EXPECT_EQ(values[reverse_bits(i, log_n)], evaluate(a, GetParam(), point, q));
    }
  }
}

TEST_P(NttTest, ScalarInverseUndoesForward) {
  for (unsigned log_n = 10; log_n <= 14; ++log_n) {
    const Modulus q = prime(50, GetParam(), log_n);
    const NttTables tables(q, GetParam(), log_n);
    const auto a = random_residues(q, tables.n());
    auto values = a;
    scalar_kernels().ntt_forward_one(tables, values.data());
    EXPECT_NE(values, a);
    scalar_kernels().ntt_inverse_one(tables, values.data());
    EXPECT_EQ(values, a);
  }
}

TEST_P(NttTest, ProductOfValuesIsTheProductInTheRing) {
  const unsigned log_n = 5;
  const std::size_t n = 32;
  const Modulus q = prime(30, GetParam(), log_n);
  const NttTables tables(q, GetParam(), log_n);
  const auto a = random_residues(q, n);
  auto b = random_residues(q, n);
  std::swap(b[1], b[7]);
  // Reference: the conjugate-invariant ring is the symmetric half of Z[X]/(X^2N + 1), where
  // X^-i = −X^(2N−i).
  const bool standard = GetParam() == RingKind::kStandard;
  const std::size_t size = standard ? n : 2 * n;
  auto embed = [&](const std::vector<std::uint64_t>& x) {
    std::vector<std::uint64_t> y(size, 0);
    for (std::size_t i = 0; i < n; ++i) {
      y[i] = x[i];
      if (!standard && i > 0) y[size - i] = arith::negate_mod(x[i], q);
    }
    return y;
  };
  const auto full_a = embed(a);
  const auto full_b = embed(b);
  std::vector<std::uint64_t> expected(size, 0);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      const std::uint64_t product = arith::mul_mod(full_a[i], full_b[j], q);
      std::uint64_t& target = expected[(i + j) % size];
      target =
          i + j < size ? arith::add_mod(target, product, q) : arith::sub_mod(target, product, q);
    }
  }
  expected.resize(n);
  auto x = a;
  auto y = b;
  scalar_kernels().ntt_forward_one(tables, x.data());
  scalar_kernels().ntt_forward_one(tables, y.data());
  scalar_kernels().multiply(q, x.data(), y.data(), x.data(), n);
  scalar_kernels().ntt_inverse_one(tables, x.data());
  EXPECT_EQ(x, expected);
}

INSTANTIATE_TEST_SUITE_P(Rings, NttTest,
                         testing::Values(RingKind::kStandard, RingKind::kConjugateInvariant),
                         [](const auto& ring) {
                           return ring.param == RingKind::kStandard ? "Standard"
                                                                    : "ConjugateInvariant";
                         });

TEST(NttTables, RejectsPrimesOfTheWrongCongruence) {
  const Modulus q(12289);  // 3·2^12 + 1
  EXPECT_NO_THROW(NttTables(q, RingKind::kStandard, 11));
  try {
    NttTables(q, RingKind::kStandard, 12);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
    const std::string message = error.what();
    EXPECT_NE(message.find("12289"), std::string::npos) << message;
    EXPECT_NE(message.find("1 mod 8192"), std::string::npos) << message;
  }
  EXPECT_NO_THROW(NttTables(q, RingKind::kConjugateInvariant, 10));
  EXPECT_THROW(NttTables(q, RingKind::kConjugateInvariant, 11), base::Error);
}

TEST(NttTables, RejectsCompositesAndLargeModuli) {
  EXPECT_THROW(NttTables(Modulus(65 * 256 + 1), RingKind::kStandard, 4),
               base::Error);  // 16641 = 129²
  EXPECT_THROW(NttTables(Modulus(1152921504606830593ULL), RingKind::kStandard, 12), base::Error);
}

}  // namespace
}  // namespace serdab::kernels
