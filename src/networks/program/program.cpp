#include "networks/program/program.h"

#include <algorithm>
#include <map>

#include "engine/base/overloaded.h"

namespace serdab::program {
const char* op_name(const Op& op) {
  static constexpr const char* kNames[] = {
      "input",       "affine",  "square",   "multiply", "add_scaled", "add_constant",
      "relinearise", "rescale", "mod_drop", "scale_up", "transform",  "rotate_sum"};
  static_assert(std::size(kNames) == std::variant_size_v<Op>);
  return kNames[op.index()];
}

std::vector<ValueId> operands(const Op& op) {
  return std::visit(base::Overloaded{
                        [](const Input&) { return std::vector<ValueId>{}; },
                        [](const Affine& o) {
                          std::vector<ValueId> ids;
                          for (const AffineTerm& term : o.terms) ids.push_back(term.from);
                          return ids;
                        },
                        [](const Multiply& o) {
                          return std::vector<ValueId>{o.a, o.b};
                        },
                        [](const AddScaled& o) {
                          return std::vector<ValueId>{o.from, o.addend};
                        },
                        [](const auto& o) { return std::vector<ValueId>{o.from}; },
                    },
                    op);
}

std::vector<RotationKey> rotation_keys(const Program& program) {
  std::map<std::uint32_t, base::Level> levels;
  const auto need = [&](const std::vector<Rotation>& rotations, base::Level level) {
    for (const Rotation& rotation : rotations) {
      for (const std::uint32_t steps : rotation.steps) {
        base::Level& highest = levels.try_emplace(steps, level).first->second;
        highest = std::max(highest, level);
      }
    }
  };
  for (const Value& value : program.values) {
    if (const auto* transform = std::get_if<Transform>(&value.op)) {
      need(transform->babies, value.level);
      need(transform->giants, value.level);
    } else if (const auto* sum = std::get_if<RotateSum>(&value.op)) {
      need(sum->rotations, value.level);
    }
  }
  std::vector<RotationKey> keys;
  for (const auto& [steps, level] : levels) keys.push_back({steps, level});
  return keys;
}

std::vector<bool> divided_by_rescale(const Program& program) {
  std::vector<std::size_t> readers(program.values.size());
  std::vector<bool> rescaled(program.values.size());
  for (const Value& value : program.values) {
    for (const ValueId operand : operands(value.op)) {
      ++readers[operand];
      if (std::holds_alternative<Rescale>(value.op)) rescaled[operand] = true;
    }
  }
  for (ValueId id = 0; id < rescaled.size(); ++id) {
    rescaled[id] = rescaled[id] && readers[id] == 1 &&
                   (std::holds_alternative<Relinearise>(program.values[id].op) ||
                    std::holds_alternative<RotateSum>(program.values[id].op) ||
                    std::holds_alternative<Transform>(program.values[id].op));
  }
  return rescaled;
}

}  // namespace serdab::program
