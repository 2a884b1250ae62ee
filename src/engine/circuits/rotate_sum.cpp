#include "engine/circuits/rotate_sum.h"

#include <bit>
#include <string>

#include "engine/base/error.h"

namespace serdab::circuits {

void rotate_sum(const ckks::Evaluator& evaluator, ckks::Ciphertext& x, std::span<const long> steps,
                const ckks::GaloisKeys& keys) {
  for (const long step : steps) evaluator.add_inplace(x, evaluator.rotate(x, step, keys));
}

void rotate_sum(const ckks::Evaluator& evaluator, ckks::Ciphertext& x,
                std::span<const Rotation> rotations, const ckks::GaloisKeys& keys) {
  for (const Rotation& rotation : rotations) {
    ckks::Ciphertext moved = x.clone();
    for (const std::uint32_t step : rotation.steps) {
      moved = evaluator.rotate(moved, static_cast<long>(step), keys);
    }
    evaluator.add_inplace(x, moved);
  }
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
