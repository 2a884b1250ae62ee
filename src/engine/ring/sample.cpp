#include "engine/ring/sample.h"

#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"
#include "engine/sampling/small.h"
#include "engine/sampling/uniform.h"

namespace serdab::ring {

void uniform_limb(const RnsBasis& basis, std::size_t i, const sampling::Seed& seed,
                  std::uint64_t polynomial, std::uint64_t* out) {
  SERDAB_ASSERT(polynomial < (1u << 14));
  const Modulus& q = basis.modulus(i);
  sampling::Prng prng(seed, sampling::uniform_stream(polynomial, q));
  sampling::sample_uniform(prng, q, {out, basis.n()});
}

RnsPoly<Ntt> uniform(const RnsBasis& basis, const sampling::Seed& seed, std::uint64_t polynomial) {
  RnsPoly<Ntt> poly(basis.n(), basis.size());
  for_each_limb(basis.size(), basis.n(),
                [&](std::size_t i) { uniform_limb(basis, i, seed, polynomial, poly.limb(i)); });
  return poly;
}

void small_limb(const RnsBasis& basis, std::size_t i, std::span<const std::int8_t> coefficients,
                std::uint64_t* out) {
  SERDAB_ASSERT(coefficients.size() == basis.n());
  const auto& k = kernels::kernels();
  k.messages.small_residues(basis.modulus(i), coefficients.data(), out, basis.n());
  k.ntt_forward_one(basis.ntt(i), out);
}

RnsPoly<Ntt> from_small(const RnsBasis& basis, std::span<const std::int8_t> coefficients,
                        base::Secrecy secrecy) {
  RnsPoly<Ntt> poly(basis.n(), basis.size(), secrecy);
  for_each_limb(basis.size(), basis.n(),
                [&](std::size_t i) { small_limb(basis, i, coefficients, poly.limb(i)); });
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
