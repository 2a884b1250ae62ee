#include "engine/ckks_secret/symmetric_encryptor.h"

#include "engine/ckks/checks.h"
#include "engine/ckks_secret/mask.h"
#include "engine/ring/limbs.h"
#include "engine/ring/sample.h"
#include "engine/sampling/small.h"

namespace serdab::ckks_secret {

SymmetricEncryptor::SymmetricEncryptor(const Context& context, const SecretKey& secret)
    : context_(&context), secret_(&secret) {
  ckks::check_parameters(context, secret.parameter_id(), "encrypt");
}

ckks::CiphertextInfo SymmetricEncryptor::info_of(const ckks::Plaintext& plaintext) const {
  ckks::check_parameters(*context_, plaintext.parameter_id, "encrypt");
  return {plaintext.level, plaintext.scale, plaintext.parameter_id, secret_->key_id()};
}

Poly SymmetricEncryptor::masked_message(const ckks::Plaintext& plaintext,
                                        const sampling::Seed& seed, sampling::Prng& prng,
                                        Poly* a) const {
  const ring::RnsBasis basis = context_->basis(plaintext.level);
  const std::size_t n = basis.n();
  base::SecretBuffer<std::int8_t> error(n);
  sampling::sample_gaussian(prng, error.span());
  Poly c0(n, basis.size());
  // Limb by limb, from the seed to the ciphertext, so that what a step writes is still in the cache
  // when the next one reads it.
  ring::for_each_limb(basis.size(), n, [&](std::size_t i) {
    base::Buffer<std::uint64_t> own(a == nullptr ? n : 0);
    std::uint64_t* mask = a == nullptr ? own.data() : a->limb(i);
    ring::uniform_limb(basis, i, seed, 0, mask);
    mask_limb(basis, i, *secret_, error.span(), mask, plaintext.poly.limb(i), c0.limb(i));
  });
  return c0;
}

ckks::SeededCiphertext SymmetricEncryptor::encrypt_seeded(const ckks::Plaintext& plaintext,
                                                          sampling::Prng& prng) const {
  const ckks::CiphertextInfo info = info_of(plaintext);
  const sampling::Seed seed = prng.next_seed();
  return {info, masked_message(plaintext, seed, prng, nullptr), seed};
}

ckks::Ciphertext SymmetricEncryptor::encrypt(const ckks::Plaintext& plaintext,
                                             sampling::Prng& prng) const {
  const ckks::CiphertextInfo info = info_of(plaintext);
  const sampling::Seed seed = prng.next_seed();
  Poly a(context_->n(), plaintext.level.primes());
  std::vector<Poly> parts;
  parts.push_back(masked_message(plaintext, seed, prng, &a));
  parts.push_back(std::move(a));
  return ckks::Ciphertext(info, std::move(parts));
}

}  // namespace serdab::ckks_secret
