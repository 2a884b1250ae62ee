#pragma once

#include <span>

#include "engine/ring/base_converter.h"
#include "engine/ring/ring.h"
#include "engine/ring/rns_poly.h"

namespace serdab::ring {

/// Divides by the product M of the last converter.count() limbs of every polynomial (laid out as
/// `basis`), rounding every coefficient to the nearest integer, and drops those limbs: rescale when
/// they are the last primes of Q, mod_down when they are P, both at once when they are P and the
/// primes of Q before it. For one prime the result equals SEAL's to the bit: (x − [x])·M^-1 with
/// [x] the centred remainder. Costs count inverse transforms and one forward transform for each
/// limb left; the polynomials of a call share the reading of the twiddles.
void divide_by_last(const RnsBasis& basis, const BaseConverter& converter,
                    std::span<RnsPoly<Ntt>* const> polys);

}  // namespace serdab::ring
