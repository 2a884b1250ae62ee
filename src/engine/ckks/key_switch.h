#pragma once

#include <vector>

#include "engine/ckks/switching_key.h"

/// Hybrid key switching (Han and Ki, 2019/688; Kim et al. 2020/1118 for the RNS form), in steps
/// that may be called alone: mod_up, inner_product, mod_down. Errors here are programmer errors
/// (asserted); the Evaluator checks keys and ciphertexts.
namespace serdab::ckks {

/// The digits of a polynomial at `level`, each extended to q_0 … q_level, P, as values. Decomposed
/// once, it serves any number of rotations (hoisting).
struct Decomposition {
  Level level;
  std::vector<Poly> digits;
};
Decomposition mod_up(const Context& context, const Poly& poly, Level level);

/// Σ_j digit_j·b_j and Σ_j digit_j·a_j in basis q_0 … q_level, P: P times what is wanted, still to
/// be divided.
struct SwitchedPair {
  Poly b, a;
};
SwitchedPair inner_product(const Context& context, const Decomposition& decomposition,
                           const SwitchingKey& key);

/// The same with the digits moved by the key's automorphism first: one hoisted rotation.
SwitchedPair inner_product_rotated(const Context& context, const Decomposition& decomposition,
                                   const GaloisKey& key);

/// mod_up and inner_product in one pass, limb by limb, so that a digit's extension is used while it
/// is in cache and never stored. The same bits.
SwitchedPair switch_key_lazy(const Context& context, const Poly& poly, Level level,
                             const SwitchingKey& key);

/// Divides by P with rounding and leaves q_0 … q_level.
void mod_down(const Context& context, Level level, Poly& poly);

/// All steps: (b, a) with b + a·s ≈ poly·s'.
SwitchedPair switch_key(const Context& context, const Poly& poly, Level level,
                        const SwitchingKey& key);

}  // namespace serdab::ckks
