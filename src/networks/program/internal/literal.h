#pragma once

#include "engine/base/bytes.h"
#include "engine/ckks_params/parameters.h"

namespace serdab::program {

/// Parameters as packages hold them; base::Error(kCorrupt) for impossible ones. What they mean is
/// checked by ckks_params::Parameters::create.
void write_literal(base::ByteWriter& out, const ckks_params::ParametersLiteral& literal);
ckks_params::ParametersLiteral read_literal(base::ByteReader& in);

}  // namespace serdab::program
