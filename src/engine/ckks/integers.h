#pragma once

#include <cstdint>
#include <span>

#include "engine/arith/modulus.h"

namespace serdab::ckks {

/// The residue of an integer held in a double, exact whatever its size (|x| < 2^1000).
std::uint64_t integer_residue(double x, const arith::Modulus& q);

/// The same for many; `bound` is at least every |x|.
void integer_residues(std::span<const double> x, double bound, const arith::Modulus& q,
                      std::uint64_t* out);

}  // namespace serdab::ckks
