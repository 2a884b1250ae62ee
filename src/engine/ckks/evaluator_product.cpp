#include "engine/base/error.h"
#include "engine/ckks/checks.h"
#include "engine/ckks/evaluator.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/arithmetic.h"
#include "engine/ring/limbs.h"

namespace serdab::ckks {

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
  check_parts(*context_, a, 3, "relinearise");
  const SwitchingKey& switching_key = key.switching_key();
  const SwitchingKeyInfo& info = switching_key.info();
  check_key(a.info(), info.parameter_id, info.key_id, info.level, "relinearise");
  const SwitchedPair pair = switch_key(*context_, a.part(2), a.level(), switching_key);
  const ring::RnsBasis basis = context_->basis(a.level());
  ring::add(basis, a.part(0), pair.b, a.part(0));
  ring::add(basis, a.part(1), pair.a, a.part(1));
  a.drop_parts(2);
}

}  // namespace serdab::ckks
