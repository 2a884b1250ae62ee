#pragma once

#include <cstdint>

#include "engine/arith/modulus.h"

namespace serdab::ckks {

/// The residue of an integer held in a double, exact whatever its size (|x| < 2^1000). For many at
/// once there is a kernel.
std::uint64_t integer_residue(double x, const arith::Modulus& q);

}  // namespace serdab::ckks
