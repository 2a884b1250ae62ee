#pragma once

#include "engine/ckks_params/noise.h"
#include "networks/program/program.h"

namespace serdab::compiler {

/// Whether key switching adds to every value at most `share` of the noise power that the rounding
/// of a division adds there: of the rescale that follows, by whose primes the noise is divided
/// first, or, where none follows, of one at the value's own scale. Special primes may then lie far
/// below the digits, wherever a program switches keys before it divides.
bool quiet_switching(const program::Program& program, const ckks_params::NoiseModel& noise,
                     double share);

}  // namespace serdab::compiler
