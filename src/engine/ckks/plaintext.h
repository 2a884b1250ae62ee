#pragma once

#include "engine/ckks/context.h"
#include "engine/ring/rns_poly.h"

namespace serdab::ckks {

/// An encoded message: values of a polynomial modulo q_0 … q_level, and the scale it was multiplied
/// by. Moves only; const access may be shared.
struct Plaintext {
  ring::RnsPoly<ring::Ntt> poly;
  Level level;
  Scale scale;
  ParameterId parameter_id;

  Plaintext clone() const { return {poly.clone(), level, scale, parameter_id}; }
};

/// The same modulo q_0 … q_level, P: what a LiftedCiphertext is multiplied with.
struct LiftedPlaintext {
  ring::RnsPoly<ring::Ntt> poly;
  Level level;
  Scale scale;
  ParameterId parameter_id;
};

}  // namespace serdab::ckks
