#include "engine/ckks_secret/decryptor.h"

#include <cstring>

#include "engine/base/error.h"
#include "engine/ckks/checks.h"
#include "engine/ckks_secret/mask.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"

namespace serdab::ckks_secret {

Decryptor::Decryptor(const Context& context, const SecretKey& secret)
    : context_(&context), secret_(&secret) {
  ckks::check_parameters(context, secret.parameter_id(), "decrypt");
}

ckks::Plaintext Decryptor::decrypt(const ckks::Ciphertext& ciphertext) const {
  ckks::check_parameters(*context_, ciphertext.parameter_id(), "decrypt");
  ckks::check_key(ciphertext.info(), secret_->parameter_id(), secret_->key_id(),
                  context_->max_level(), "decrypt");
  base::require(ciphertext.size() >= 1, base::ErrorCode::kInvalidArgument,
                "decrypt: the ciphertext is empty");
  const ring::RnsBasis basis = context_->basis(ciphertext.level());
  Poly message(basis.n(), basis.size(), base::Secrecy::kSecret);
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    // Horner: (c_k·s + c_{k−1})·s + …
    std::uint64_t* out = message.limb(i);
    std::size_t part = ciphertext.size() - 1;
    const std::uint64_t* sum = ciphertext.part(part).limb(i);
    if (part == 0) std::memcpy(out, sum, basis.n() * sizeof(std::uint64_t));
    while (part-- > 0) {
      kernels::kernels().messages.multiply_plus(basis.modulus(i), sum,
                                                secret_limb(*secret_, basis, i),
                                                ciphertext.part(part).limb(i), out, basis.n());
      sum = out;
    }
  });
  return {std::move(message), ciphertext.level(), ciphertext.scale(), ciphertext.parameter_id()};
}

}  // namespace serdab::ckks_secret
