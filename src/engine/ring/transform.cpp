#include "engine/ring/transform.h"

#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"

namespace serdab::ring {

RnsPoly<Ntt> to_ntt(RnsPoly<Coeff>&& poly, const RnsBasis& basis) {
  SERDAB_ASSERT(poly.limbs() == basis.size());
  for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    kernels::kernels().ntt_forward_one(basis.ntt(i), poly.limb(i));
  });
  const auto secrecy = poly.secrecy();
  return RnsPoly<Ntt>(std::move(poly).take_limbs(), basis.n(), secrecy);
}

RnsPoly<Coeff> to_coeff(RnsPoly<Ntt>&& poly, const RnsBasis& basis) {
  SERDAB_ASSERT(poly.limbs() == basis.size());
  for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    kernels::kernels().ntt_inverse_one(basis.ntt(i), poly.limb(i));
  });
  const auto secrecy = poly.secrecy();
  return RnsPoly<Coeff>(std::move(poly).take_limbs(), basis.n(), secrecy);
}

}  // namespace serdab::ring
