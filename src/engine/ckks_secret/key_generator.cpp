#include "engine/ckks_secret/key_generator.h"

#include "engine/base/error.h"
#include "engine/ckks/checks.h"
#include "engine/ckks_secret/mask.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/arithmetic.h"
#include "engine/ring/automorphism.h"
#include "engine/ring/limbs.h"
#include "engine/ring/sample.h"

namespace serdab::ckks_secret {
namespace {

using ckks::SeededSwitchingKey;

/// b += P·target on the limbs of this digit's own primes: the gadget is P there and 0 elsewhere.
void add_gadget(const Context& context, const Context::Digit& digit, const Poly& target, Poly& b) {
  const ring::Ring& ring = context.ring();
  for (std::size_t i = digit.begin; i < digit.begin + digit.count; ++i) {
    kernels::kernels().multiply_scalar_add(ring.modulus(i), target.limb(i), context.p_residue(i),
                                           b.limb(i), ring.n());
  }
}

}  // namespace

KeyGenerator::KeyGenerator(const Context& context, const SecretKey& secret, sampling::Prng&& prng)
    : context_(&context), secret_(&secret), prng_(std::move(prng)) {
  ckks::check_parameters(context, secret.parameter_id(), "key generation");
}

ckks::PublicKey KeyGenerator::public_key() {
  const ring::RnsBasis basis = context_->basis_qp(context_->max_level());
  Poly a = ring::uniform(basis, prng_.next_seed(), 0);
  Poly b = masked_error(basis, *secret_, a, prng_);
  return {secret_->parameter_id(), secret_->key_id(), std::move(b), std::move(a)};
}

SeededSwitchingKey KeyGenerator::relinearisation_key(base::Level level) {
  const ring::RnsBasis basis = context_->basis(context_->max_level());
  Poly squared(basis.n(), basis.size(), base::Secrecy::kSecret);
  ring::multiply(basis, secret_->values(), secret_->values(), squared);
  return switching_key(squared, base::GaloisElement{0}, level);
}

SeededSwitchingKey KeyGenerator::galois_key(base::GaloisElement element, base::Level level) {
  const ring::RnsBasis basis = context_->basis(context_->max_level());
  const ring::Automorphism automorphism(context_->parameters().ring(),
                                        context_->parameters().log_n(), element);
  Poly moved(basis.n(), basis.size(), base::Secrecy::kSecret);
  automorphism.apply(basis, secret_->values(), moved);
  return switching_key(moved, element, level);
}

SeededSwitchingKey KeyGenerator::rotation_key(long steps, base::Level level) {
  return galois_key(
      ring::rotation_element(context_->parameters().ring(), context_->parameters().log_n(), steps),
      level);
}

SeededSwitchingKey KeyGenerator::conjugation_key(base::Level level) {
  base::require(context_->parameters().ring() == base::RingKind::kStandard,
                base::ErrorCode::kInvalidArgument,
                "conjugation key: values of the conjugate-invariant ring are real");
  return galois_key(ring::conjugation_element(context_->parameters().log_n()), level);
}

SeededSwitchingKey KeyGenerator::switching_key(const Poly& target, base::GaloisElement element,
                                               base::Level level) {
  base::require(!context_->parameters().p().empty(), base::ErrorCode::kInvalidArgument,
                "evaluation key: the parameters have no special primes");
  ckks::check_level(*context_, level, "evaluation key");
  const ring::RnsBasis basis = context_->basis_qp(level);
  SeededSwitchingKey key{
      {secret_->parameter_id(), secret_->key_id(), level, element}, prng_.next_seed(), {}};
  for (std::size_t j = 0; j < context_->parameters().digits(level); ++j) {
    Poly b = masked_error(basis, *secret_, ring::uniform(basis, key.seed, j), prng_);
    add_gadget(*context_, context_->digit(level, j), target, b);
    key.b.push_back(std::move(b));
  }
  return key;
}

}  // namespace serdab::ckks_secret
