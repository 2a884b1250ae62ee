#pragma once

#include <vector>

#include "engine/circuits/internal/transform_plan.h"
#include "engine/circuits/stage_seconds.h"
#include "engine/ckks/evaluator.h"
#include "engine/ring/packed_poly.h"

namespace serdab::circuits::internal {

/// A pair that is only multiplied with any more.
struct PackedPair {
  ring::PackedPoly b, a;
};

/// P times a rotated input, in basis QP. Of the input itself the limbs of P are left out: modulo
/// those primes it is 0.
struct Operand {
  PackedPair pair;
  bool has_p = true;
};

/// P·x on the primes of Q.
ckks::SwitchedPair lift(const ckks::Context& context, const ckks::Ciphertext& x);

/// P·x in basis QP: 0 on the primes of P.
ckks::SwitchedPair lift_to_qp(const ckks::Context& context, const ckks::Ciphertext& x);

/// The Galois key that rotates by `step` slots; there is one.
const ckks::GaloisKey& key_of_step(const ckks::Context& context, const ckks::GaloisKeys& keys,
                                   std::uint32_t step);
bool has_step(const ckks::Context& context, const ckks::GaloisKeys& keys, std::uint32_t step);

/// All rotations of the plan's trees, by operand.
std::vector<Operand> rotate_inputs(const ckks::Evaluator& evaluator, const TransformPlan& plan,
                                   std::span<const ckks::Ciphertext* const> inputs,
                                   const ckks::GaloisKeys& keys, OperationCounts& ran,
                                   StageClock& clock);

/// Runs the products of a batch: plains[i] is plaintext batch.first + i of the plan. Sums are in
/// basis QP of `level`, allocated.
void add_products(const ckks::Context& context, ckks::Level level, const ProductBatch& batch,
                  const std::vector<Operand>& operands, std::span<const ring::PackedPoly> plains,
                  std::vector<ckks::SwitchedPair>& sums);

}  // namespace serdab::circuits::internal
