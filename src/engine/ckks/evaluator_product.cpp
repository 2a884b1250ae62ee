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
