#include "engine/ring/divide.h"

#include <cstring>

#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"

namespace serdab::ring {
namespace {

/// Coefficients of the dropped limbs, the remainder of the division, as mixed-radix digits.
RnsPoly<Coeff> remainder_digits(const RnsBasis& basis, const BaseConverter& converter,
                                const RnsPoly<Ntt>& poly) {
  const std::size_t count = converter.count(), left = basis.size() - count;
  RnsPoly<Coeff> digits(basis.n(), count, poly.secrecy());
  for_each_limb(count, basis.n(), [&](std::size_t i) {
    const std::size_t prime = basis.prime(left + i);
    std::uint64_t* out = digits.limb(i);
    std::memcpy(out, poly.limb(left + i), basis.n() * sizeof(std::uint64_t));
    kernels::kernels().ntt_inverse(basis.ring().ntt(prime), out);
  });
  converter.to_digits(digits.limb(0), Representative::kCentred);
  return digits;
}

}  // namespace

void divide_by_last(const RnsBasis& basis, const BaseConverter& converter, RnsPoly<Ntt>& poly) {
  SERDAB_ASSERT(poly.limbs() == basis.size() && converter.count() < basis.size());
  SERDAB_ASSERT(basis.last(converter.count()) == converter.sources());
  const std::size_t left = basis.size() - converter.count();
  const RnsPoly<Coeff> digits = remainder_digits(basis, converter, poly);
  for_each_limb(left, basis.n(), [&](std::size_t i) {
    const auto& k = kernels::kernels();
    const std::size_t prime = basis.prime(i);
    base::Buffer<std::uint64_t> remainder(basis.n());
    converter.convert(digits.limb(0), prime, Representative::kCentred, remainder.data());
    k.ntt_forward(basis.ntt(i), remainder.data());
    k.subtract_multiply_scalar(basis.modulus(i), poly.limb(i), remainder.data(),
                               converter.inverse_product(prime), poly.limb(i), basis.n());
  });
  poly.keep_limbs(left);
}

}  // namespace serdab::ring
