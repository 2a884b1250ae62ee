#include "engine/ckks_secret/symmetric_encryptor.h"

#include "engine/ckks/checks.h"
#include "engine/ckks_secret/mask.h"
#include "engine/ring/arithmetic.h"
#include "engine/ring/sample.h"

namespace serdab::ckks_secret {

SymmetricEncryptor::SymmetricEncryptor(const Context& context, const SecretKey& secret)
    : context_(&context), secret_(&secret) {
  ckks::check_parameters(context, secret.parameter_id(), "encrypt");
}

ckks::SeededCiphertext SymmetricEncryptor::encrypt_seeded(const ckks::Plaintext& plaintext,
                                                          sampling::Prng& prng) const {
  ckks::check_parameters(*context_, plaintext.parameter_id, "encrypt");
  const ring::RnsBasis basis = context_->basis(plaintext.level);
  const sampling::Seed seed = prng.next_seed();
  const Poly a = ring::uniform(basis, seed, 0);
  Poly c0 = masked_error(basis, *secret_, a, prng);
  ring::add(basis, c0, plaintext.poly, c0);
  return {{plaintext.level, plaintext.scale, plaintext.parameter_id, secret_->key_id()},
          std::move(c0),
          seed};
}

ckks::Ciphertext SymmetricEncryptor::encrypt(const ckks::Plaintext& plaintext,
                                             sampling::Prng& prng) const {
  return encrypt_seeded(plaintext, prng).expand(*context_);
}

}  // namespace serdab::ckks_secret
