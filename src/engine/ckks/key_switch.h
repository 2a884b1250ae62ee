#pragma once

#include <cstdint>
#include <functional>
#include <span>
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
  std::vector<ring::PackedPoly> digits;
};
Decomposition mod_up(const Context& context, const Poly& poly, Level level);

/// Polynomials in basis q_0 … q_level, P: P times what is wanted, still to be divided.
struct SwitchedPair {
  Poly b, a;
};

/// The ciphertext of a pair that has been divided by P.
Ciphertext to_ciphertext(const CiphertextInfo& info, SwitchedPair&& pair);

/// What joins the sums before the division, so that it needs no pass of its own: P·b and P·a, for
/// polynomials in basis q_0 … q_level; null for nothing.
struct Lift {
  const Poly* b = nullptr;
  const Poly* a = nullptr;
};

/// Σ_j digit_j·b_j and Σ_j digit_j·a_j, plus the lifted addends.
SwitchedPair inner_product(const Context& context, const Decomposition& decomposition,
                           const SwitchingKey& key, const Lift& lift = {});

/// Takes both sums of one key, by its place, modulo the prime of one limb, not yet moved; on
/// several threads at once, for different limbs.
using SumSink = std::function<void(std::size_t key, std::size_t limb, const std::uint64_t* b,
                                   const std::uint64_t* a)>;
/// The same with several keys. Goes prime by prime, so that the digits' values are used by all keys
/// while they are in cache.
void inner_products(const Context& context, const Decomposition& decomposition,
                    std::span<const GaloisKey* const> keys, const Lift& lift, const SumSink& sink);
/// Each moved by its key's X → X^g.
std::vector<SwitchedPair> inner_products_moved(const Context& context,
                                               const Decomposition& decomposition,
                                               std::span<const GaloisKey* const> keys,
                                               const Lift& lift = {});

/// mod_up and inner_product in one pass, limb by limb, so that a digit's values are used while they
/// are in cache and never stored. The same bits.
SwitchedPair switch_key_lazy(const Context& context, const Poly& poly, Level level,
                             const SwitchingKey& key, const Lift& lift = {});

/// switch_key_lazy with a key for X^g, then X → X^g, added to `sum`: sum.b += (addend + Σ_j
/// digit_j·b_j)(X^g), sum.a += (Σ_j digit_j·a_j)(X^g). `addend` and `sum` are in basis q_0 …
/// q_level, P; an empty sum counts as 0, `addend` may be sum.b. The key is_moved().
void switch_key_moved_add(const Context& context, const Poly& poly, Level level,
                          const GaloisKey& key, const Poly& addend, SwitchedPair& sum);

/// a/P, rounded, in basis q_0 … q_level.
Poly divide_by_p(const Context& context, Level level, Poly&& a);

/// Divides by P and the last `primes` primes of Q at once, with rounding.
void mod_down(const Context& context, Level level, SwitchedPair& pair, std::size_t primes = 0);

/// All steps: (b, a) with b + a·s ≈ poly·s' plus the addends.
SwitchedPair switch_key(const Context& context, const Poly& poly, Level level,
                        const SwitchingKey& key, const Lift& lift = {});

}  // namespace serdab::ckks
