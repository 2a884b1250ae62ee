#pragma once

#include <cstdint>
#include <span>

#include "engine/arith/modulus.h"
#include "engine/sampling/prng.h"

namespace serdab::sampling {

/// Fills `out` with independent uniform residues in [0, q).
///
/// The map from words to residues is part of the file formats (seeded ciphertexts and keys): words
/// w_0, w_1, … of the stream are taken in order, each masked to its low bits() bits, and the value
/// is the next residue if it is below q, else it is dropped. Rejection depends on discarded words
/// only, never on what is kept. Exactly the words up to the last one kept are drawn.
void sample_uniform(Prng& prng, const arith::Modulus& q, std::span<std::uint64_t> out);

/// The stream that a polynomial's residues modulo q are expanded from: distinct for every
/// (polynomial < 2^14, q < 2^50), and the same whatever other primes the polynomial has, so that a
/// lower level is a prefix of a higher one.
inline std::uint64_t uniform_stream(std::uint64_t polynomial, const arith::Modulus& q) {
  return (polynomial << 50) | q.value();
}

}  // namespace serdab::sampling
