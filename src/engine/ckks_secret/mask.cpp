#include "engine/ckks_secret/mask.h"

#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"
#include "engine/ring/sample.h"
#include "engine/sampling/small.h"

namespace serdab::ckks_secret {

void mask_limb(const ring::RnsBasis& basis, std::size_t i, const SecretKey& key,
               std::span<const std::int8_t> error, const std::uint64_t* a,
               const std::uint64_t* message, std::uint64_t* out) {
  // The error stands in the output until the mask covers it.
  ring::small_limb(basis, i, error, out);
  kernels::kernels().messages.mask(basis.modulus(i), a, secret_limb(key, basis, i), out, message,
                                   out, basis.n());
}

Poly masked_error(const ring::RnsBasis& basis, const SecretKey& key, const Poly& a,
                  sampling::Prng& prng) {
  base::SecretBuffer<std::int8_t> error(basis.n());
  sampling::sample_gaussian(prng, error.span());
  Poly out(basis.n(), basis.size());
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    mask_limb(basis, i, key, error.span(), a.limb(i), nullptr, out.limb(i));
  });
  return out;
}

}  // namespace serdab::ckks_secret
