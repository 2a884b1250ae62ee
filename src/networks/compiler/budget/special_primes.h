#pragma once

#include <functional>
#include <optional>

#include "engine/ckks_params/noise.h"
#include "engine/ckks_params/parameters.h"

namespace serdab::compiler {

/// The literal with the smallest special primes, each of at least `least_bits`, with which key
/// switching in digits of so many primes is quiet: the caller says when. Nothing if the security
/// table does not allow them.
std::optional<ckks_params::ParametersLiteral> with_special_primes(
    ckks_params::ParametersLiteral literal, unsigned digit_primes, double least_bits,
    const std::function<bool(const ckks_params::NoiseModel&)>& quiet);

}  // namespace serdab::compiler
