#include "networks/program/program.h"

#include <algorithm>
#include <map>

#include "engine/base/overloaded.h"

namespace serdab::program {
const char* op_name(const Op& op) {
  static constexpr const char* kNames[] = {
      "input",       "affine",  "square",   "multiply",      "add_scaled", "add_constant",
      "relinearise", "rescale", "mod_drop", "scale_up",      "transform",  "rotate_sum",
      "contract",    "mask",    "rotate",   "rotated_total", "select",     "reinterpret"};
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
                        [](const Contract& o) {
                          return std::vector<ValueId>{o.a, o.b};
                        },
                        [](const auto& o) { return std::vector<ValueId>{o.from}; },
                    },
                    op);
}

std::vector<ValueId> outputs_of(const Program& program) {
  std::vector<ValueId> values;
  for (const Output& output : program.outputs) values.push_back(output.value);
  if (values.empty()) values.push_back(static_cast<ValueId>(program.values.size() - 1));
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

std::vector<ValueId> inputs_of(const Program& program) {
  std::vector<ValueId> values;
  for (ValueId id = 0; id < program.values.size(); ++id) {
    if (std::holds_alternative<Input>(program.values[id].op)) values.push_back(id);
  }
  return values;
}

const std::string& input_name(const Program& program, ValueId id) {
  return std::get<Input>(program.values[id].op).name;
}

bool is_inference(const Program& program) {
  return program.outputs.empty() && inputs_of(program) == std::vector<ValueId>{0} &&
         input_name(program, 0).empty();
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
    } else if (const auto* rotate = std::get_if<Rotate>(&value.op)) {
      need(rotate->rotations, value.level);
    } else if (const auto* total = std::get_if<RotatedTotal>(&value.op)) {
      need(total->rotations, value.level);
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
  for (const Output& output : program.outputs) ++readers[output.value];
  for (ValueId id = 0; id < rescaled.size(); ++id) {
    rescaled[id] = rescaled[id] && readers[id] == 1 &&
                   (std::holds_alternative<Relinearise>(program.values[id].op) ||
                    std::holds_alternative<RotateSum>(program.values[id].op) ||
                    std::holds_alternative<RotatedTotal>(program.values[id].op) ||
                    std::holds_alternative<Transform>(program.values[id].op));
  }
  return rescaled;
}

}  // namespace serdab::program
