#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/arith/modulus.h"

namespace serdab::arith {

/// Deterministic Miller–Rabin for all 64-bit values.
bool is_prime(std::uint64_t value);

/// `count` distinct primes p ≡ 1 (mod congruence), as close as possible to 2^log2_size from below
/// or above (nearest first, all below 2^50), none of them in `exclude`. `congruence` is 2N
/// (standard ring) or 4N (conjugate-invariant ring). Throws base::Error(kInvalidArgument) when
/// there are too few, naming the size and the smallest that works.
std::vector<std::uint64_t> find_ntt_primes(double log2_size, std::uint64_t congruence,
                                           std::size_t count,
                                           std::span<const std::uint64_t> exclude = {});

/// The smallest element of exact order `order` (a power of two dividing q − 1) in Z_q*.
std::uint64_t minimal_primitive_root(std::uint64_t order, const Modulus& q);

}  // namespace serdab::arith
