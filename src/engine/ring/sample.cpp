#include "engine/ring/sample.h"

#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"
#include "engine/sampling/small.h"
#include "engine/sampling/uniform.h"

namespace serdab::ring {

RnsPoly<Ntt> uniform(const RnsBasis& basis, const sampling::Seed& seed, std::uint64_t polynomial) {
  SERDAB_ASSERT(polynomial < (1u << 14));
  RnsPoly<Ntt> poly(basis.n(), basis.size());
  for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    const Modulus& q = basis.modulus(i);
    sampling::Prng prng(seed, sampling::uniform_stream(polynomial, q));
    sampling::sample_uniform(prng, q, {poly.limb(i), basis.n()});
  });
  return poly;
}

RnsPoly<Ntt> from_small(const RnsBasis& basis, std::span<const std::int8_t> coefficients,
                        base::Secrecy secrecy) {
  SERDAB_ASSERT(coefficients.size() == basis.n());
  RnsPoly<Ntt> poly(basis.n(), basis.size(), secrecy);
  for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    const std::uint64_t q = basis.modulus(i).value();
    std::uint64_t* out = poly.limb(i);
    for (std::size_t c = 0; c < basis.n(); ++c) {
      const auto value = static_cast<std::int64_t>(coefficients[c]);
      // Branch-free: q is added where the sign bit is set.
      out[c] = static_cast<std::uint64_t>(value) + (q & static_cast<std::uint64_t>(value >> 63));
    }
    kernels::kernels().ntt_forward_one(basis.ntt(i), out);
  });
  return poly;
}

RnsPoly<Ntt> sample_ternary(const RnsBasis& basis, sampling::Prng& prng) {
  base::SecretBuffer<std::int8_t> coefficients(basis.n());
  sampling::sample_ternary(prng, coefficients.span());
  return from_small(basis, coefficients.span(), base::Secrecy::kSecret);
}

RnsPoly<Ntt> sample_error(const RnsBasis& basis, sampling::Prng& prng) {
  base::SecretBuffer<std::int8_t> coefficients(basis.n());
  sampling::sample_gaussian(prng, coefficients.span());
  return from_small(basis, coefficients.span(), base::Secrecy::kSecret);
}

}  // namespace serdab::ring
