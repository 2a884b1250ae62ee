#include "engine/ring/divide.h"

#include <cstring>

#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"

namespace serdab::ring {
namespace {

/// The remainder of the division, centred, modulo the primes that stay, as coefficients.
RnsPoly<Coeff> remainder(const RnsBasis& basis, const BaseConverter& converter,
                         const RnsPoly<Ntt>& poly) {
  const std::size_t count = converter.count(), left = basis.size() - count;
  RnsPoly<Coeff> dropped(basis.n(), count, poly.secrecy());
  for_each_limb(count, basis.n(), [&](std::size_t i) {
    const std::size_t prime = basis.prime(left + i);
    std::uint64_t* out = dropped.limb(i);
    std::memcpy(out, poly.limb(left + i), basis.n() * sizeof(std::uint64_t));
    kernels::kernels().ntt_inverse(basis.ring().ntt(prime), out);
  });
  RnsPoly<Coeff> result(basis.n(), left, poly.secrecy());
  std::vector<const std::uint64_t*> residues;
  for (std::size_t i = 0; i < count; ++i) residues.push_back(dropped.limb(i));
  std::vector<BaseConverter::Target> targets;
  for (std::size_t i = 0; i < left; ++i) targets.push_back({basis.prime(i), result.limb(i)});
  converter.convert(residues.data(), Representative::kCentred, targets);
  return result;
}

}  // namespace

void divide_by_last(const RnsBasis& basis, const BaseConverter& converter, RnsPoly<Ntt>& poly) {
  SERDAB_ASSERT(poly.limbs() == basis.size() && converter.count() < basis.size());
  SERDAB_ASSERT(basis.last(converter.count()) == converter.sources());
  const std::size_t left = basis.size() - converter.count();
  RnsPoly<Coeff> rest = remainder(basis, converter, poly);
  for_each_limb(left, basis.n(), [&](std::size_t i) {
    const auto& k = kernels::kernels();
    k.ntt_forward(basis.ntt(i), rest.limb(i));
    k.subtract_multiply_scalar(basis.modulus(i), poly.limb(i), rest.limb(i),
                               converter.inverse_product(basis.prime(i)), poly.limb(i), basis.n());
  });
  poly.keep_limbs(left);
}

}  // namespace serdab::ring
