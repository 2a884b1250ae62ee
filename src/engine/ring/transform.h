#pragma once

#include "engine/ring/ring.h"
#include "engine/ring/rns_poly.h"

namespace serdab::ring {

/// Coefficients to values and back, limb by limb, in the memory of the argument.
RnsPoly<Ntt> to_ntt(RnsPoly<Coeff>&& poly, const RnsBasis& basis);
RnsPoly<Coeff> to_coeff(RnsPoly<Ntt>&& poly, const RnsBasis& basis);

}  // namespace serdab::ring
