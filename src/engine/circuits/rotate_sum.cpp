#include "engine/circuits/rotate_sum.h"

#include <algorithm>
#include <bit>
#include <string>

#include "engine/base/error.h"
#include "engine/circuits/internal/operands.h"
#include "engine/ckks/checks.h"

namespace serdab::circuits {
namespace {

using ckks::SwitchedPair;

// Checks all keys; false where there is nothing to add or hoisting is not to be had.
bool is_lazy(const ckks::Context& context, const ckks::Ciphertext& x,
             std::span<const Rotation> rotations, const ckks::GaloisKeys& keys) {
  ckks::check_parts(context, x, 2, "rotate_sum");
  bool moved = !rotations.empty();
  for (const Rotation& rotation : rotations) {
    moved = moved && !rotation.steps.empty();
    for (const std::uint32_t step : rotation.steps) {
      const ckks::GaloisKey& key = internal::key_of_step(context, keys, step);
      const ckks::SwitchingKeyInfo& info = key.switching_key().info();
      ckks::check_key(x.info(), info.parameter_id, info.key_id, info.level, "rotate_sum");
      moved = moved && key.is_moved();
    }
  }
  return moved;
}

SwitchedPair lifted_sum(const ckks::Context& context, const ckks::Ciphertext& x,
                        std::span<const Rotation> rotations, const ckks::GaloisKeys& keys) {
  const ckks::Level level = x.level();
  SwitchedPair sum = internal::lift_to_qp(context, x);
  bool first = true;
  for (const Rotation& rotation : rotations) {
    ckks::Poly a = first ? x.part(1).clone() : ckks::divide_by_p(context, level, sum.a.clone());
    first = false;
    SwitchedPair moved;
    const ckks::Poly* b = &sum.b;
    for (std::size_t s = 0; s < rotation.steps.size(); ++s) {
      const ckks::GaloisKey& key = internal::key_of_step(context, keys, rotation.steps[s]);
      if (s + 1 == rotation.steps.size()) {
        ckks::switch_key_moved_add(context, a, level, key, *b, sum);
        break;
      }
      SwitchedPair next;
      ckks::switch_key_moved_add(context, a, level, key, *b, next);
      moved = std::move(next);
      a = ckks::divide_by_p(context, level, std::move(moved.a));
      b = &moved.b;
    }
  }
  return sum;
}

void add_rotated(const ckks::Evaluator& evaluator, ckks::Ciphertext& x,
                 std::span<const Rotation> rotations, const ckks::GaloisKeys& keys) {
  for (const Rotation& rotation : rotations) {
    ckks::Ciphertext moved = x.clone();
    for (const std::uint32_t step : rotation.steps) {
      moved = evaluator.rotate(moved, static_cast<long>(step), keys);
    }
    evaluator.add_inplace(x, moved);
  }
}

}  // namespace

void rotate_sum(const ckks::Evaluator& evaluator, ckks::Ciphertext& x, std::span<const long> steps,
                const ckks::GaloisKeys& keys) {
  for (const long step : steps) evaluator.add_inplace(x, evaluator.rotate(x, step, keys));
}

void rotate_sum(const ckks::Evaluator& evaluator, ckks::Ciphertext& x,
                std::span<const Rotation> rotations, const ckks::GaloisKeys& keys,
                std::size_t rescale_primes, StageSeconds* seconds) {
  StageClock clock(seconds);
  if (is_lazy(evaluator.context(), x, rotations, keys)) {
    ckks::check_rescale(x.info(), rescale_primes);
    ckks::LiftedCiphertext sum{x.info(), lifted_sum(evaluator.context(), x, rotations, keys)};
    clock.charge(&StageSeconds::giant_steps);
    const std::size_t with_p = std::min(rescale_primes, ckks::Context::kMaxDrop);
    x = evaluator.lower(std::move(sum), with_p);
    rescale_primes -= with_p;
  } else {
    add_rotated(evaluator, x, rotations, keys);
    clock.charge(&StageSeconds::giant_steps);
  }
  evaluator.rescale(x, rescale_primes);
  clock.charge(&StageSeconds::divisions);
}

std::vector<long> sum_steps(std::size_t count, long stride) {
  if (!std::has_single_bit(count)) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "rotate_sum: " + std::to_string(count) + " slots are not a power of two");
  }
  std::vector<long> steps;
  for (std::size_t distance = 1; distance < count; distance *= 2) {
    steps.push_back(static_cast<long>(distance) * stride);
  }
  return steps;
}

std::vector<long> replicate_steps(std::size_t count, long stride) {
  return sum_steps(count, -stride);
}

}  // namespace serdab::circuits
