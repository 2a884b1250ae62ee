#include "engine/ring/divide.h"

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
    kernels::kernels().ntt_inverse_one(basis.ring().ntt(prime), poly.limb(left + i),
                                       digits.limb(i));
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
    const std::size_t prime = basis.prime(i);
    kernels::NttJob job{.in = digits.limb(0),
                        .out = poly.limb(i),
                        .minuend = poly.limb(i),
                        .factor = converter.inverse_product(prime)};
    base::Buffer<std::uint64_t> remainder;
    if (converter.count() == 1) {
      job.source = &basis.modulus(left);
    } else {
      remainder = base::Buffer<std::uint64_t>(basis.n());
      converter.convert(digits.limb(0), prime, Representative::kCentred, remainder.data());
      job.in = remainder.data();
    }
    kernels::kernels().ntt_forward(basis.ntt(i), {&job, 1});
  });
  poly.keep_limbs(left);
}

}  // namespace serdab::ring
