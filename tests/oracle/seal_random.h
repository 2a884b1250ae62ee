#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "seal_format.h"

namespace serdab::oracle {

/// SEAL's parms_id: BLAKE2b-256 over u64s [scheme 2, n, primes…, 0].
ParmsId parms_id(std::uint64_t n, std::span<const std::uint64_t> primes);

/// The uniform polynomial that SEAL expands from a seed: residues modulo each prime, prime by
/// prime, as values.
std::vector<std::uint64_t> expand_seed(const SealSeed& seed, std::uint64_t n,
                                       std::span<const std::uint64_t> primes);

}  // namespace serdab::oracle
