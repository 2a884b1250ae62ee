#include "engine/ckks_secret/mask.h"

#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"
#include "engine/ring/sample.h"

namespace serdab::ckks_secret {

Poly masked_error(const ring::RnsBasis& basis, const SecretKey& key, const Poly& a,
                  sampling::Prng& prng) {
  const Poly error = ring::sample_error(basis, prng);
  Poly out(basis.n(), basis.size());
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    const auto& k = kernels::kernels();
    const auto& q = basis.modulus(i);
    k.multiply(q, a.limb(i), secret_limb(key, basis, i), out.limb(i), basis.n());
    k.subtract(q, error.limb(i), out.limb(i), out.limb(i), basis.n());
  });
  return out;
}

}  // namespace serdab::ckks_secret
