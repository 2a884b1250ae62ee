#include "networks/compiler/step/internal/quiet_switching.h"

#include <cmath>
#include <optional>
#include <vector>

#include "networks/program/noise.h"

namespace serdab::compiler {
namespace {

using program::Value;
using program::ValueId;

bool switches_keys(const program::Op& op) {
  return std::holds_alternative<program::Relinearise>(op) ||
         std::holds_alternative<program::RotateSum>(op) ||
         std::holds_alternative<program::RotatedTotal>(op) ||
         std::holds_alternative<program::Rotate>(op);
}

// The rescale that every value which switches keys meets next, if all its readers are such,
// directly or through further rotations.
std::vector<std::optional<ValueId>> next_rescale(const program::Program& program) {
  std::vector<std::optional<ValueId>> next(program.values.size());
  std::vector<bool> other(program.values.size());
  for (const program::Output& output : program.outputs) other[output.value] = true;
  for (ValueId id = static_cast<ValueId>(program.values.size()); id-- > 0;) {
    const program::Op& op = program.values[id].op;
    std::optional<ValueId> rescale;
    if (std::holds_alternative<program::Rescale>(op)) {
      rescale = id;
    } else if (switches_keys(op) && next[id] && !other[id]) {
      rescale = next[id];
    }
    for (const ValueId operand : program::operands(op)) {
      if (rescale) {
        next[operand] = rescale;
      } else {
        other[operand] = true;
      }
    }
  }
  for (ValueId id = 0; id < next.size(); ++id) {
    if (other[id]) next[id].reset();
  }
  return next;
}

}  // namespace

bool quiet_switching(const program::Program& program, const ckks_params::NoiseModel& noise,
                     double share) {
  const std::vector<std::optional<ValueId>> next = next_rescale(program);
  const double rounding = noise.rescale({}, 0).value;
  for (ValueId id = 0; id < program.values.size(); ++id) {
    const Value& value = program.values[id];
    if (!switches_keys(value.op)) continue;
    if (next[id]) {
      if (program::added_noise(program, id, noise) >
          std::sqrt(share) * program::added_noise(program, *next[id], noise)) {
        return false;
      }
    } else if (noise.key_error(value.level).value > share * rounding) {
      return false;
    }
  }
  return true;
}

}  // namespace serdab::compiler
