#include <algorithm>
#include <array>

#include "engine/base/error.h"
#include "engine/ckks/checks.h"
#include "engine/ckks/evaluator.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"

namespace serdab::ckks {
namespace {

void check_relinearisation(const Context& context, const Ciphertext& a,
                           const RelinearisationKey& key) {
  check_parts(context, a, 3, "relinearise");
  const SwitchingKeyInfo& info = key.switching_key().info();
  check_key(a.info(), info.parameter_id, info.key_id, info.level, "relinearise");
}

/// The first two parts, to be joined to the switched third.
Lift lift_of(const Ciphertext& a) { return {&a.part(0), &a.part(1)}; }

/// Words of a part that a block of a sum of products works on: with operands and sums, some 70 kB.
constexpr std::size_t kBlock = 1024;

/// The three parts of a product on a block of one limb.
using ProductBlock = std::array<std::array<std::uint64_t, kBlock>, 3>;

/// Words [at, at + count) of limb `limb` of a·b.
void multiply_block(const arith::Modulus& q, const Evaluator::Factors& f, std::size_t limb,
                    std::size_t at, std::size_t count, ProductBlock& out) {
  const auto& k = kernels::kernels();
  const std::uint64_t* a0 = f.a->part(0).limb(limb) + at;
  const std::uint64_t* a1 = f.a->part(1).limb(limb) + at;
  if (f.a == f.b) {
    k.tensor_square(q, a0, a1, out[0].data(), out[1].data(), out[2].data(), count);
    return;
  }
  k.tensor(q, a0, a1, f.b->part(0).limb(limb) + at, f.b->part(1).limb(limb) + at, out[0].data(),
           out[1].data(), out[2].data(), count);
}

}  // namespace

Ciphertext Evaluator::multiply(const Ciphertext& a, const Ciphertext& b) const {
  check_parts(*context_, a, 2, "multiply");
  check_parts(*context_, b, 2, "multiply");
  check_same_level(a.info(), b.info(), "multiply");
  CiphertextInfo info = a.info();
  info.scale = a.scale() * b.scale();
  Ciphertext product(*context_, info, 3);
  const ring::RnsBasis basis = context_->basis(a.level());
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    kernels::kernels().tensor(basis.modulus(i), a.part(0).limb(i), a.part(1).limb(i),
                              b.part(0).limb(i), b.part(1).limb(i), product.part(0).limb(i),
                              product.part(1).limb(i), product.part(2).limb(i), basis.n());
  });
  return product;
}

Ciphertext Evaluator::square(const Ciphertext& a) const {
  check_parts(*context_, a, 2, "square");
  CiphertextInfo info = a.info();
  info.scale = a.scale() * a.scale();
  Ciphertext product(*context_, info, 3);
  const ring::RnsBasis basis = context_->basis(a.level());
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    kernels::kernels().tensor_square(basis.modulus(i), a.part(0).limb(i), a.part(1).limb(i),
                                     product.part(0).limb(i), product.part(1).limb(i),
                                     product.part(2).limb(i), basis.n());
  });
  return product;
}

Ciphertext Evaluator::sum_of_products(std::span<const Factors> pairs) const {
  base::require(!pairs.empty(), base::ErrorCode::kInvalidArgument, "multiply: no pair to sum");
  CiphertextInfo info = pairs[0].a->info();
  info.scale = pairs[0].a->scale() * pairs[0].b->scale();
  for (const Factors& f : pairs) {
    check_parts(*context_, *f.a, 2, "multiply");
    check_parts(*context_, *f.b, 2, "multiply");
    check_same_level(info, f.a->info(), "multiply");
    check_same_level(info, f.b->info(), "multiply");
    check_same_scale(info.scale, f.a->scale() * f.b->scale(), "multiply");
  }
  Ciphertext sum(*context_, info, 3);
  const ring::RnsBasis basis = context_->basis(info.level);
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t limb) {
    const arith::Modulus& q = basis.modulus(limb);
    ProductBlock product;
    for (std::size_t at = 0; at < basis.n(); at += kBlock) {
      const std::size_t count = std::min(kBlock, basis.n() - at);
      for (const Factors& f : pairs) {
        multiply_block(q, f, limb, at, count, product);
        for (std::size_t part = 0; part < 3; ++part) {
          std::uint64_t* to = sum.part(part).limb(limb) + at;
          if (&f == pairs.data()) {
            std::copy_n(product[part].data(), count, to);
          } else {
            kernels::kernels().add(q, to, product[part].data(), to, count);
          }
        }
      }
    }
  });
  return sum;
}

void Evaluator::relinearise(Ciphertext& a, const RelinearisationKey& key) const {
  check_relinearisation(*context_, a, key);
  a = to_ciphertext(a.info(),
                    switch_key(*context_, a.part(2), a.level(), key.switching_key(), lift_of(a)));
}

LiftedCiphertext Evaluator::relinearise_lifted(const Ciphertext& a,
                                               const RelinearisationKey& key) const {
  check_relinearisation(*context_, a, key);
  return {a.info(),
          switch_key_lazy(*context_, a.part(2), a.level(), key.switching_key(), lift_of(a))};
}

void Evaluator::relinearise_rescale(Ciphertext& a, const RelinearisationKey& key,
                                    std::size_t primes) const {
  check_relinearisation(*context_, a, key);
  check_rescale(a.info(), primes);
  base::require(primes <= Context::kMaxDrop, base::ErrorCode::kInvalidArgument,
                "relinearise_rescale: too many primes at once; use relinearise and rescale");
  a = lower(relinearise_lifted(a, key), primes);
}

}  // namespace serdab::ckks
