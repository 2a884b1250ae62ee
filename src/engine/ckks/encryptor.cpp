#include "engine/ckks/encryptor.h"

#include <array>
#include <cstring>

#include "engine/base/error.h"
#include "engine/ckks/checks.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/arithmetic.h"
#include "engine/ring/divide.h"
#include "engine/ring/limbs.h"
#include "engine/ring/sample.h"

namespace serdab::ckks {
namespace {

/// u·half + e over the primes of `basis`; the key's half is over all of Q, P.
Poly mask(const ring::RnsBasis& basis, const Poly& u, const Poly& half, sampling::Prng& prng) {
  Poly out = ring::sample_error(basis, prng);
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    kernels::kernels().multiply_add(basis.modulus(i), u.limb(i), half.limb(basis.prime(i)),
                                    out.limb(i), basis.n());
  });
  return out;
}

}  // namespace

Encryptor::Encryptor(const Context& context, PublicKey&& key)
    : context_(&context), key_(std::move(key)) {
  check_parameters(context, key_.parameter_id, "public key");
  const std::size_t primes = context.ring().prime_count();
  base::require(key_.b.limbs() == primes && key_.a.limbs() == primes && key_.b.n() == context.n() &&
                    key_.a.n() == context.n(),
                base::ErrorCode::kMismatch, "public key: a polynomial has the wrong size");
}

Ciphertext Encryptor::encrypt(const Plaintext& plaintext, sampling::Prng& prng) const {
  check_parameters(*context_, plaintext.parameter_id, "encrypt");
  const ring::RnsBasis basis = context_->basis_qp(plaintext.level);
  const Poly u = ring::sample_ternary(basis, prng);
  std::vector<Poly> parts;
  for (const Poly* half : {&key_.b, &key_.a}) {
    Poly part = mask(basis, u, *half, prng);
    parts.push_back(std::move(part));
  }
  if (basis.p_limbs() > 0) {
    const std::array<Poly*, 2> both = {&parts[0], &parts[1]};
    ring::divide_by_last(basis, context_->mod_down_converter(plaintext.level), both);
  }
  ring::add(context_->basis(plaintext.level), parts[0], plaintext.poly, parts[0]);
  return Ciphertext({plaintext.level, plaintext.scale, plaintext.parameter_id, key_.key_id},
                    std::move(parts));
}

}  // namespace serdab::ckks
