#include "networks/compiler/step/internal/emit_step.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "engine/base/overloaded.h"

namespace serdab::compiler {
namespace {

using packing::CircuitNodeId;
using program::Value;
using program::ValueId;

class StepEmitter {
 public:
  StepEmitter(const packing::SlotCircuit& circuit, const Heights& heights, const StepScales& scales,
              unsigned base_level, const std::vector<double>& magnitudes)
      : circuit_(circuit),
        heights_(heights),
        scales_(scales),
        base_level_(base_level),
        magnitudes_(magnitudes),
        made_(circuit.nodes.size()),
        readers_(circuit.nodes.size()) {
    program_.layout = program::Layout::kPacked;
    program_.positions = circuit.positions;
    for (CircuitNodeId id = 0; id < made_.size(); ++id) {
      if (!heights.live[id]) continue;
      for (const CircuitNodeId operand : packing::operands(circuit.nodes[id].op)) {
        readers_[operand].push_back(id);
      }
    }
  }

  program::Program run(const std::vector<std::uint64_t>& primes) {
    program_.primes = primes;
    for (node_ = 0; node_ < circuit_.nodes.size(); ++node_) {
      if (!heights_.live[node_]) continue;
      made_[node_] = std::visit([&](const auto& op) { return make(op); }, circuit_.nodes[node_].op);
      if (read_divided(node_)) settle(node_);
    }
    for (const packing::CircuitOutput& output : circuit_.outputs) {
      program_.outputs.push_back({output.name, at_level(divided(output.node), {base_level_})});
    }
    return std::move(program_);
  }

 private:
  // A node's value, of a product also before its relinearisation and its division.
  struct Made {
    std::optional<ValueId> undivided, divided;
  };

  const Value& value(ValueId id) const { return program_.values[id]; }
  base::Level level(CircuitNodeId id) const { return {base_level_ + heights_.height[id]}; }

  ValueId push(program::Op op, std::uint32_t count, std::uint32_t parts, base::Level level,
               base::Scale scale) {
    program_.values.push_back({std::move(op), circuit_.nodes[node_].label, count, parts, level,
                               scale, magnitudes_[node_]});
    return static_cast<ValueId>(program_.values.size() - 1);
  }
  // The same shape as `from`.
  ValueId push_like(ValueId from, program::Op op) {
    const Value like = value(from);
    return push(std::move(op), like.count, like.parts, like.level, like.scale);
  }

  ValueId at_level(ValueId id, base::Level level) {
    const Value from = value(id);
    if (from.level == level) return id;
    return push(program::ModDrop{id}, from.count, from.parts, level, from.scale);
  }

  ValueId divided(CircuitNodeId id) const { return made_[id].divided.value(); }

  // The height of the products and masks that a node is a sum of rotations of; none if it is
  // something else. Such sums are taken before the division: one relinearisation for a sum of
  // products, and no rounding before the rotations' own noise.
  std::optional<unsigned> root_height(CircuitNodeId id) const {
    const packing::CircuitOp& op = circuit_.nodes[id].op;
    if (divides(op)) return heights_.height[id];
    if (const auto* sum = std::get_if<packing::RotateSumOp>(&op)) return root_height(sum->from);
    if (const auto* total = std::get_if<packing::RotatedTotalOp>(&op)) {
      return root_height(total->from);
    }
    const auto* combine = std::get_if<packing::CombineOp>(&op);
    if (combine == nullptr || combine->terms.size() < 2) return std::nullopt;
    const std::optional<unsigned> first = root_height(combine->terms[0].from);
    for (const packing::CombineTerm& term : combine->terms) {
      if (!first || root_height(term.from) != first ||
          circuit_.count(term.from) != circuit_.count(id)) {
        return std::nullopt;
      }
    }
    return first;
  }
  bool read_undivided(const packing::CircuitOp& reader, CircuitNodeId reader_id) const {
    return std::holds_alternative<packing::RotateSumOp>(reader) ||
           std::holds_alternative<packing::RotatedTotalOp>(reader) ||
           (std::holds_alternative<packing::CombineOp>(reader) && root_height(reader_id));
  }
  bool read_divided(CircuitNodeId id) const {
    if (made_[id].divided) return false;
    const auto& readers = readers_[id];
    return readers.size() < heights_.readers[id] ||  // an output
           std::any_of(readers.begin(), readers.end(), [&](CircuitNodeId reader) {
             return !read_undivided(circuit_.nodes[reader].op, reader);
           });
  }

  void settle(CircuitNodeId id) {
    made_[id].divided = divide(relinearised(made_[id].undivided.value()));
  }
  ValueId relinearised(ValueId id) {
    const Value from = value(id);
    if (from.parts == 2) return id;
    const auto [at, fresh] = relinearised_.try_emplace(id, 0);
    if (fresh) at->second = push(program::Relinearise{id}, from.count, 2, from.level, from.scale);
    return at->second;
  }
  ValueId divide(ValueId id) {
    const Value from = value(id);
    return push(program::Rescale{id, 1}, from.count, 2, {from.level.value - 1},
                base::rescaled(from.scale, program_.primes[from.level.value]));
  }

  Made make(const packing::InputOp& op) {
    return {{},
            push(program::Input{op.name}, circuit_.count(node_), 2, level(node_),
                 {std::exp2(scales_.node[node_])})};
  }

  Made make(const packing::ProductsOp& op) {
    const base::Level above{level(node_).value + 1};
    const ValueId a = at_level(divided(op.a), above);
    const ValueId b = op.a == op.b ? a : at_level(divided(op.b), above);
    program::Contract contract{a, b, {}};
    for (const packing::ProductTerm& term : op.terms) {
      contract.terms.push_back({term.i, term.j, term.out});
    }
    return {
        push(std::move(contract), circuit_.count(node_), 3, above, value(a).scale * value(b).scale),
        {}};
  }

  Made make(const packing::MaskOp& op) {
    const ValueId from = at_level(divided(op.from), {level(node_).value + 1});
    const base::Scale weight{std::exp2(scales_.mask[node_])};
    const Value like = value(from);
    return {push(program::Mask{from, op.factors, weight}, like.count, 2, like.level,
                 like.scale * weight),
            {}};
  }

  // The summand that the others are added to has every element, and best the factor 1.
  std::size_t first_term(const packing::CombineOp& op) const {
    std::size_t first = op.terms.size();
    for (std::size_t t = 0; t < op.terms.size(); ++t) {
      if (circuit_.count(op.terms[t].from) != circuit_.count(node_)) continue;
      if (first == op.terms.size() || (op.terms[t].factor == 1 && op.terms[first].factor != 1)) {
        first = t;
      }
    }
    return first;
  }

  // Undivided summands, all of three parts or all of two.
  std::vector<ValueId> undivided_terms(const packing::CombineOp& op) {
    std::vector<ValueId> ids;
    for (const packing::CombineTerm& term : op.terms) {
      ids.push_back(made_[term.from].undivided.value());
    }
    const bool alike = std::all_of(ids.begin(), ids.end(), [&](ValueId id) {
      return value(id).parts == value(ids.front()).parts;
    });
    for (ValueId& id : ids) {
      if (!alike) id = relinearised(id);
    }
    return ids;
  }

  Made make(const packing::CombineOp& op) {
    const bool undivided = root_height(node_).has_value();
    std::vector<ValueId> ids;
    if (undivided) {
      ids = undivided_terms(op);
    } else {
      for (const packing::CombineTerm& term : op.terms) ids.push_back(divided(term.from));
    }
    const std::size_t first = first_term(op);
    ValueId sum = at_level(ids[first], undivided ? value(ids[first]).level : level(node_));
    if (op.terms[first].factor != 1) {
      sum = push_like(sum, program::AddScaled{sum, sum, {op.terms[first].factor - 1}});
    }
    for (std::size_t t = 0; t < op.terms.size(); ++t) {
      if (t != first) sum = push_like(sum, program::AddScaled{sum, ids[t], {op.terms[t].factor}});
    }
    return undivided ? Made{sum, {}} : Made{{}, sum};
  }

  Made make(const packing::OffsetOp& op) {
    const ValueId from = at_level(divided(op.from), level(node_));
    return {{}, push_like(from, program::AddConstant{from, op.constants})};
  }

  Made make(const packing::ScaledOp& op) {
    const Value from = value(divided(op.from));
    return {{},
            push(program::Reinterpret{divided(op.from)}, from.count, from.parts, from.level,
                 {from.scale.value / op.factor})};
  }

  std::vector<program::Rotation> rotations(const std::vector<std::int32_t>& shifts) const {
    std::vector<program::Rotation> rotations;
    const auto positions = static_cast<std::int64_t>(circuit_.positions);
    for (const std::int32_t shift : shifts) {
      const auto k = static_cast<std::uint32_t>(((shift % positions) + positions) % positions);
      rotations.push_back({k, {}});
      if (k != 0) rotations.back().steps.push_back(k);
    }
    return rotations;
  }

  Made make(const packing::RotateOp& op) {
    const ValueId from = at_level(divided(op.from), level(node_));
    const Value like = value(from);
    return {{},
            push(program::Rotate{from, rotations(op.shifts)}, circuit_.count(node_), 2, like.level,
                 like.scale)};
  }
  // Of what has not been divided yet, if there is such.
  Made rotated(CircuitNodeId from, const auto& push_rotated) {
    if (made_[from].undivided) return {push_rotated(relinearised(*made_[from].undivided)), {}};
    return {{}, push_rotated(at_level(divided(from), level(node_)))};
  }
  Made make(const packing::RotatedTotalOp& op) {
    return rotated(op.from, [&](ValueId from) {
      const Value like = value(from);
      return push(program::RotatedTotal{from, rotations(op.shifts)}, 1, 2, like.level, like.scale);
    });
  }
  Made make(const packing::RotateSumOp& op) {
    return rotated(op.from, [&](ValueId from) {
      return push_like(from, program::RotateSum{from, rotations(op.shifts)});
    });
  }

  Made make(const packing::SelectOp& op) {
    const ValueId from = at_level(divided(op.from), level(node_));
    const Value like = value(from);
    return {
        {},
        push(program::Select{from, op.elements}, circuit_.count(node_), 2, like.level, like.scale)};
  }

  const packing::SlotCircuit& circuit_;
  const Heights& heights_;
  const StepScales& scales_;
  unsigned base_level_;
  const std::vector<double>& magnitudes_;
  std::vector<Made> made_;
  std::vector<std::vector<CircuitNodeId>> readers_;
  std::map<ValueId, ValueId> relinearised_;
  CircuitNodeId node_ = 0;
  program::Program program_;
};

}  // namespace

program::Program emit_step(const packing::SlotCircuit& circuit, const Heights& heights,
                           const StepScales& scales, const std::vector<std::uint64_t>& primes,
                           unsigned base_level, const std::vector<double>& magnitudes) {
  return StepEmitter(circuit, heights, scales, base_level, magnitudes).run(primes);
}

}  // namespace serdab::compiler
