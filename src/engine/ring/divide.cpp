#include "engine/ring/divide.h"

#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"

namespace serdab::ring {
namespace {

RnsPoly<Coeff> dropped_coefficients(const RnsBasis& basis, std::size_t count,
                                    const RnsPoly<Ntt>& poly) {
  const std::size_t left = basis.size() - count;
  RnsPoly<Coeff> dropped(basis.n(), count, poly.secrecy());
  for_each_limb(count, basis.n(), [&](std::size_t i) {
    const std::size_t prime = basis.prime(left + i);
    kernels::kernels().ntt_inverse_one(basis.ring().ntt(prime), poly.limb(left + i),
                                       dropped.limb(i));
  });
  return dropped;
}

/// The remainder of the division, centred, modulo the primes that stay.
RnsPoly<Coeff> convert(const RnsBasis& basis, const BaseConverter& converter,
                       const RnsPoly<Coeff>& dropped) {
  const std::size_t left = basis.size() - converter.count();
  RnsPoly<Coeff> remainder(basis.n(), left, dropped.secrecy());
  std::vector<const std::uint64_t*> residues;
  for (std::size_t i = 0; i < converter.count(); ++i) residues.push_back(dropped.limb(i));
  std::vector<BaseConverter::Target> targets;
  for (std::size_t i = 0; i < left; ++i) targets.push_back({basis.prime(i), remainder.limb(i)});
  converter.convert(residues.data(), Representative::kCentred, targets);
  return remainder;
}

}  // namespace

void divide_by_last(const RnsBasis& basis, const BaseConverter& converter, RnsPoly<Ntt>& poly) {
  SERDAB_ASSERT(poly.limbs() == basis.size() && converter.count() < basis.size());
  SERDAB_ASSERT(basis.last(converter.count()) == converter.sources());
  const std::size_t left = basis.size() - converter.count();
  const bool single = converter.count() == 1;
  RnsPoly<Coeff> remainder = dropped_coefficients(basis, converter.count(), poly);
  if (!single) remainder = convert(basis, converter, remainder);
  for_each_limb(left, basis.n(), [&](std::size_t i) {
    // A single prime's residues are reduced by the transform itself.
    const kernels::NttJob job{.in = remainder.limb(single ? 0 : i),
                              .out = poly.limb(i),
                              .source = single ? &basis.modulus(left) : nullptr,
                              .minuend = poly.limb(i),
                              .factor = converter.inverse_product(basis.prime(i))};
    kernels::kernels().ntt_forward(basis.ntt(i), {&job, 1});
  });
  poly.keep_limbs(left);
}

}  // namespace serdab::ring
