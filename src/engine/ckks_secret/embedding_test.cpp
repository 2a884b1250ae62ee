// The conjugate-invariant ring of dimension N inside the standard ring of dimension 2N: a_i goes to
// Y^i and −a_i to Y^(2N−i). The embedding is a ring homomorphism that keeps rounding (centred
// remainders of odd moduli have no ties), digits and automorphisms, so every operation on embedded
// ciphertexts must give the embedded result, bit by bit.
#include <gtest/gtest.h>

#include "engine/ckks_secret/internal/test_bench.h"
#include "engine/ring/arithmetic.h"
#include "engine/ring/transform.h"

namespace serdab::ckks_secret {
namespace {

using namespace testing_only;
using Coefficients = ring::RnsPoly<ring::Coeff>;

constexpr unsigned kLogN = 10;
constexpr Scale kScale{0x1p40};

class InsecureEmbedding : public testing::TestWithParam<unsigned> {
 protected:
  InsecureEmbedding() {
    auto literal = chain(RingKind::kConjugateInvariant, kLogN, 4, GetParam());
    small = std::make_unique<Bench>(ckks_params::Parameters::create_insecure_for_tests(literal));
    literal.ring = RingKind::kStandard;
    literal.log_n = kLogN + 1;  // the same primes: 1 modulo 4N
    large = std::make_unique<Bench>(ckks_params::Parameters::create_insecure_for_tests(literal));
    top = small->context.max_level();
    x = small->random_values(1);
    a = std::make_unique<Ciphertext>(small->encrypt(x, top, kScale));
    b = std::make_unique<Ciphertext>(small->encrypt(small->random_values(2), top, kScale));
  }

  ckks::Poly embed(const ckks::Poly& poly, const ring::RnsBasis& from,
                   const ring::RnsBasis& to) const {
    const Coefficients c = ring::to_coeff(poly.clone(), from);
    Coefficients out(to.n(), to.size());
    for (std::size_t i = 0; i < to.size(); ++i) {
      out.limb(i)[0] = c.limb(i)[0];
      out.limb(i)[from.n()] = 0;
      for (std::size_t k = 1; k < from.n(); ++k) {
        out.limb(i)[k] = c.limb(i)[k];
        out.limb(i)[to.n() - k] = arith::negate_mod(c.limb(i)[k], to.modulus(i));
      }
    }
    return ring::to_ntt(std::move(out), to);
  }
  Ciphertext embed(const Ciphertext& ct) const {
    std::vector<ckks::Poly> parts;
    for (std::size_t i = 0; i < ct.size(); ++i) {
      parts.push_back(
          embed(ct.part(i), small->context.basis(ct.level()), large->context.basis(ct.level())));
    }
    return Ciphertext({ct.level(), ct.scale(), large->context.parameters().id(), ct.key_id()},
                      std::move(parts));
  }
  ckks::SwitchingKey embed(const ckks::SwitchingKey& key) const {
    const auto from = small->context.basis_qp(key.info().level),
               to = large->context.basis_qp(key.info().level);
    std::vector<ckks::Poly> b_half, a_half;
    for (std::size_t j = 0; j < key.digits(); ++j) {
      b_half.push_back(embed(key.b(j).unpacked(), from, to));
      a_half.push_back(embed(key.a(j).unpacked(), from, to));
    }
    ckks::SwitchingKeyInfo info = key.info();
    info.parameter_id = large->context.parameters().id();
    return ckks::SwitchingKey(large->context, info, std::move(b_half), std::move(a_half));
  }
  void expect_equal(const Ciphertext& in_small, const Ciphertext& in_large) const {
    const Ciphertext embedded = embed(in_small);
    ASSERT_EQ(embedded.size(), in_large.size());
    ASSERT_EQ(embedded.level(), in_large.level());
    EXPECT_EQ(embedded.scale(), in_large.scale());
    for (std::size_t i = 0; i < embedded.size(); ++i) {
      EXPECT_TRUE(
          ring::equal(large->context.basis(embedded.level()), embedded.part(i), in_large.part(i)));
    }
  }

  std::unique_ptr<Bench> small, large;
  std::unique_ptr<Ciphertext> a, b;
  Level top;
  Values x;
};

TEST_P(InsecureEmbedding, ProductsAndRescaling) {
  const auto key = small->relinearisation_key(top);
  const ckks::RelinearisationKey embedded_key(embed(key.switching_key()));
  auto c = small->evaluator.multiply(*a, *b);
  auto d = large->evaluator.multiply(embed(*a), embed(*b));
  expect_equal(c, d);
  small->evaluator.relinearise(c, key);
  large->evaluator.relinearise(d, embedded_key);
  expect_equal(c, d);
  small->evaluator.rescale(c, 2);
  large->evaluator.rescale(d, 2);
  expect_equal(c, d);
}

TEST_P(InsecureEmbedding, Rotations) {
  // Both rings rotate by the same exponent: 3^k modulo 4N.
  // A Galois key is kept moved; what it is made of is not.
  ckks::SwitchingKey fresh(small->context, small->keys.rotation_key(7, top));
  ckks::GaloisKeys embedded_keys;
  embedded_keys.add(ckks::GaloisKey(large->context, embed(fresh)));
  const ckks::GaloisKey key(small->context, std::move(fresh));
  expect_equal(small->evaluator.apply_galois(*a, key),
               large->evaluator.rotate(embed(*a), 7, embedded_keys));
}

TEST_P(InsecureEmbedding, SlotsAreTheSame) {
  const auto slots = large->encoder.slots();
  ASSERT_EQ(slots, small->encoder.slots());
  const auto plain = small->decryptor.decrypt(*a);
  const auto embedded = embed(plain.poly, small->context.basis(top), large->context.basis(top));
  const auto seen =
      large->encoder.decode({embedded.clone(), top, kScale, large->context.parameters().id()});
  EXPECT_GT(precision_bits(seen, small->encoder.decode(plain)), 40);
}

INSTANTIATE_TEST_SUITE_P(Digits, InsecureEmbedding, testing::Values(1u, 2u));

}  // namespace
}  // namespace serdab::ckks_secret
