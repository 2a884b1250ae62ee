#include "engine/ring/divide.h"

#include <cstring>

#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"

namespace serdab::ring {
namespace {

/// Coefficients of the dropped limbs plus M/2, as mixed-radix digits.
RnsPoly<Coeff> shifted_digits(const RnsBasis& basis, const BaseConverter& converter,
                              const RnsPoly<Ntt>& poly) {
  const std::size_t count = converter.count(), left = basis.size() - count;
  RnsPoly<Coeff> digits(basis.n(), count, poly.secrecy());
  for_each_limb(count, basis.n(), [&](std::size_t i) {
    const std::size_t prime = basis.prime(left + i);
    const Modulus& q = basis.ring().modulus(prime);
    std::uint64_t* out = digits.limb(i);
    std::memcpy(out, poly.limb(left + i), basis.n() * sizeof(std::uint64_t));
    kernels::kernels().ntt_inverse(basis.ring().ntt(prime), out);
    kernels::kernels().add_scalar(q, out, converter.half_product(prime), out, basis.n());
  });
  converter.to_digits(digits.limb(0));
  return digits;
}

}  // namespace

void divide_by_last(const RnsBasis& basis, const BaseConverter& converter, RnsPoly<Ntt>& poly) {
  SERDAB_ASSERT(poly.limbs() == basis.size() && converter.count() < basis.size());
  SERDAB_ASSERT(basis.prime(basis.size() - converter.count()) == converter.first_prime());
  const std::size_t left = basis.size() - converter.count();
  const RnsPoly<Coeff> digits = shifted_digits(basis, converter, poly);
  for_each_limb(left, basis.n(), [&](std::size_t i) {
    const auto& k = kernels::kernels();
    const std::size_t prime = basis.prime(i);
    const Modulus& q = basis.modulus(i);
    base::Buffer<std::uint64_t> remainder(basis.n());
    converter.convert(digits.limb(0), prime, remainder.data());
    k.add_scalar(q, remainder.data(), arith::negate_mod(converter.half_product(prime), q),
                 remainder.data(), basis.n());
    k.ntt_forward(basis.ntt(i), remainder.data());
    k.subtract_multiply_scalar(q, poly.limb(i), remainder.data(), converter.inverse_product(prime),
                               poly.limb(i), basis.n());
  });
  poly.keep_limbs(left);
}

}  // namespace serdab::ring
