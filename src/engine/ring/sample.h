#pragma once

#include <cstdint>
#include <span>

#include "engine/ring/ring.h"
#include "engine/ring/rns_poly.h"
#include "engine/sampling/prng.h"

namespace serdab::ring {

/// The uniform polynomial number `polynomial` (< 2^14) of a seed, sampled as values, limb by limb
/// from the streams sampling::uniform_stream(polynomial, q): reproducible on every machine.
RnsPoly<Ntt> uniform(const RnsBasis& basis, const sampling::Seed& seed, std::uint64_t polynomial);
/// Its limb i alone, n words.
void uniform_limb(const RnsBasis& basis, std::size_t i, const sampling::Seed& seed,
                  std::uint64_t polynomial, std::uint64_t* out);

/// Small signed coefficients to residues, as values. The result is secret if asked for.
RnsPoly<Ntt> from_small(const RnsBasis& basis, std::span<const std::int8_t> coefficients,
                        base::Secrecy secrecy);
void small_limb(const RnsBasis& basis, std::size_t i, std::span<const std::int8_t> coefficients,
                std::uint64_t* out);

/// A fresh ternary or error polynomial, secret, from the next words of `prng`.
RnsPoly<Ntt> sample_ternary(const RnsBasis& basis, sampling::Prng& prng);
RnsPoly<Ntt> sample_error(const RnsBasis& basis, sampling::Prng& prng);

}  // namespace serdab::ring
