#include "engine/circuits/transform_shape.h"

#include <string>

#include "engine/base/error.h"

namespace serdab::circuits {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  base::fail(base::ErrorCode::kInvalidArgument, "linear transform: " + what);
}

void check_rotations(const char* kind, const std::vector<Rotation>& rotations, std::size_t slots) {
  for (std::size_t i = 0; i < rotations.size(); ++i) {
    const Rotation& rotation = rotations[i];
    const std::string name = std::string(kind) + ' ' + std::to_string(i);
    if (rotation.shift >= slots) {
      refuse(name + " shifts by " + std::to_string(rotation.shift) + " of " +
             std::to_string(slots) + " slots");
    }
    std::size_t sum = 0;
    for (const std::uint32_t step : rotation.steps) {
      if (step == 0 || step >= slots) {
        refuse(name + " has a step of " + std::to_string(step) + "; steps are 1 to " +
               std::to_string(slots - 1));
      }
      sum += step;
    }
    if (sum % slots != rotation.shift) {
      refuse(name + " shifts by " + std::to_string(rotation.shift) + ", its steps by " +
             std::to_string(sum % slots));
    }
  }
}

void check_index(std::size_t term, const char* what, std::size_t index, std::size_t count) {
  if (index >= count) {
    refuse("term " + std::to_string(term) + " names " + what + ' ' + std::to_string(index) +
           " of " + std::to_string(count));
  }
}

}  // namespace

void check_shape(const TransformShape& shape, std::size_t slots) {
  if (shape.repeats == 0 || slots % shape.repeats != 0) {
    refuse("weights repeat " + std::to_string(shape.repeats) + " times in " +
           std::to_string(slots) + " slots");
  }
  check_rotations("baby", shape.babies, slots);
  check_rotations("giant", shape.giants, slots);
  std::vector<bool> given(shape.outputs);
  for (std::size_t i = 0; i < shape.terms.size(); ++i) {
    const Term& term = shape.terms[i];
    check_index(i, "input", term.input, shape.inputs);
    check_index(i, "output", term.output, shape.outputs);
    check_index(i, "baby", term.baby, shape.babies.size());
    check_index(i, "giant", term.giant, shape.giants.size());
    given[term.output] = true;
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (!given[i]) refuse("output " + std::to_string(i) + " has no term");
  }
}

}  // namespace serdab::circuits
