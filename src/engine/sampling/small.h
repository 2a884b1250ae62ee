#pragma once

#include <cstdint>
#include <span>

#include "engine/sampling/prng.h"

namespace serdab::sampling {

/// The standard deviation of fresh errors, before rounding to the table below.
inline constexpr double kErrorSigma = 3.2;
/// No error is larger than this.
inline constexpr int kErrorBound = 29;

/// Uniform in {−1, 0, 1}, one word each: floor(3w/2^64) − 1. Bias below 2^-62. Constant time.
void sample_ternary(Prng& prng, std::span<std::int8_t> out);

/// Discrete Gaussian of parameter sigma = 3.2, one word each. The low 63 bits are compared with
/// every entry of the cumulative table of |x| (63-bit precision, no early exit), the top bit is the
/// sign: constant time. The tail that is cut, |x| > 29, has probability below 2^-65; the
/// statistical distance of a sample from the exact distribution is below 2^-58.
void sample_gaussian(Prng& prng, std::span<std::int8_t> out);

/// Continuous Gaussian (Box–Muller on 53-bit uniforms) rounded to integers, for noise so wide that
/// a table is impossible: flooding. sigma in [1, 2^200]. Results are integers held in doubles;
/// beyond 2^53 their low bits are zero, which the added message's own noise covers. The tail ends
/// near 8.5 sigma. Not constant time in sigma.
void sample_wide_gaussian(Prng& prng, double sigma, std::span<double> out);

}  // namespace serdab::sampling
