#include "engine/circuits/rotated_total.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/circuits/internal/operands.h"
#include "engine/ckks/checks.h"
#include "engine/ring/arithmetic.h"

namespace serdab::circuits {
namespace {

using ckks::Ciphertext;

// Checks all keys and operands; false where the sum cannot stay in QP.
bool is_lazy(const ckks::Context& context, std::span<const Ciphertext* const> inputs,
             std::span<const Rotation> rotations, const ckks::GaloisKeys& keys) {
  base::require(!inputs.empty() && inputs.size() == rotations.size(),
                base::ErrorCode::kInvalidArgument,
                "rotated_total: not one rotation for each ciphertext");
  bool moved = true;
  for (std::size_t e = 0; e < inputs.size(); ++e) {
    ckks::check_parts(context, *inputs[e], 2, "rotated_total");
    ckks::check_same_level(inputs[0]->info(), inputs[e]->info(), "rotated_total");
    ckks::check_same_scale(inputs[0]->scale(), inputs[e]->scale(), "rotated_total");
    for (const std::uint32_t step : rotations[e].steps) {
      const ckks::GaloisKey& key = internal::key_of_step(context, keys, step);
      const ckks::SwitchingKeyInfo& info = key.switching_key().info();
      ckks::check_key(inputs[e]->info(), info.parameter_id, info.key_id, info.level,
                      "rotated_total");
      moved = moved && key.is_moved();
    }
  }
  return moved;
}

// By all steps but the last `left`.
Ciphertext rotated(const ckks::Evaluator& evaluator, const Ciphertext& x, const Rotation& rotation,
                   std::size_t left, const ckks::GaloisKeys& keys) {
  const std::size_t steps = rotation.steps.size() - left;
  if (steps == 0) return x.clone();
  Ciphertext moved = evaluator.rotate(x, static_cast<long>(rotation.steps[0]), keys);
  for (std::size_t s = 1; s < steps; ++s) {
    moved = evaluator.rotate(moved, static_cast<long>(rotation.steps[s]), keys);
  }
  return moved;
}

// sum += P·x by the rotation, in QP; an empty sum counts as 0.
void add_lifted(const ckks::Evaluator& evaluator, const Ciphertext& x, const Rotation& rotation,
                const ckks::GaloisKeys& keys, ckks::SwitchedPair& sum) {
  const ckks::Context& context = evaluator.context();
  const ring::RnsBasis basis = context.basis_qp(x.level());
  if (rotation.steps.empty()) {
    ckks::SwitchedPair lifted = internal::lift_to_qp(context, x);
    if (sum.b.empty()) {
      sum = std::move(lifted);
      return;
    }
    ring::add(basis, sum.b, lifted.b, sum.b);
    ring::add(basis, sum.a, lifted.a, sum.a);
    return;
  }
  const bool composed = rotation.steps.size() > 1;
  const Ciphertext before = composed ? rotated(evaluator, x, rotation, 1, keys) : Ciphertext();
  const Ciphertext& last = composed ? before : x;
  const ckks::SwitchedPair lifted = internal::lift_to_qp(context, last);
  ckks::switch_key_moved_add(context, last.part(1), last.level(),
                             internal::key_of_step(context, keys, rotation.steps.back()), lifted.b,
                             sum);
}

}  // namespace

Ciphertext rotated_total(const ckks::Evaluator& evaluator,
                         std::span<const Ciphertext* const> inputs,
                         std::span<const Rotation> rotations, const ckks::GaloisKeys& keys,
                         std::size_t rescale_primes, StageSeconds* seconds) {
  StageClock clock(seconds);
  const bool lazy = is_lazy(evaluator.context(), inputs, rotations, keys);
  if (rescale_primes > 0) ckks::check_rescale(inputs[0]->info(), rescale_primes);
  if (!lazy) {
    Ciphertext sum = rotated(evaluator, *inputs[0], rotations[0], 0, keys);
    for (std::size_t e = 1; e < inputs.size(); ++e) {
      evaluator.add_inplace(sum, rotated(evaluator, *inputs[e], rotations[e], 0, keys));
    }
    clock.charge(&StageSeconds::giant_steps);
    evaluator.rescale(sum, rescale_primes);
    clock.charge(&StageSeconds::divisions);
    return sum;
  }
  ckks::LiftedCiphertext sum{inputs[0]->info(), {}};
  for (std::size_t e = 0; e < inputs.size(); ++e) {
    add_lifted(evaluator, *inputs[e], rotations[e], keys, sum.pair);
  }
  clock.charge(&StageSeconds::giant_steps);
  const std::size_t with_p = std::min(rescale_primes, ckks::Context::kMaxDrop);
  Ciphertext result = evaluator.lower(std::move(sum), with_p);
  evaluator.rescale(result, rescale_primes - with_p);
  clock.charge(&StageSeconds::divisions);
  return result;
}

}  // namespace serdab::circuits
