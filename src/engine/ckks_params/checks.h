#pragma once

#include "engine/ckks_params/parameters.h"

namespace serdab::ckks_params {

/// Throws base::Error(kInvalidArgument) unless the literal is well-formed (see Parameters::create).
void check_form(const ParametersLiteral& literal, unsigned min_log_n);

/// Throws base::Error(kSecurity) unless the table allows log_qp at the literal's level.
void check_security(const ParametersLiteral& literal, double log_qp);

}  // namespace serdab::ckks_params
