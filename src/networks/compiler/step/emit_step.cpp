#include "networks/compiler/step/internal/emit_step.h"

#include <algorithm>
#include <cmath>
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
        reader_(circuit.nodes.size(), kNobody) {
    program_.layout = program::Layout::kPacked;
    program_.positions = circuit.positions;
    for (CircuitNodeId id = 0; id < made_.size(); ++id) {
      if (!heights.live[id]) continue;
      for (const CircuitNodeId operand : packing::operands(circuit.nodes[id].op)) {
        reader_[operand] = heights.readers[operand] == 1 ? id : kNobody;
      }
    }
  }

  program::Program run(const std::vector<std::uint64_t>& primes) {
    program_.primes = primes;
    for (node_ = 0; node_ < circuit_.nodes.size(); ++node_) {
      if (!heights_.live[node_]) continue;
      made_[node_] = std::visit([&](const auto& op) { return make(op); }, circuit_.nodes[node_].op);
      if (!left_undivided(node_)) settle(node_);
    }
    for (const packing::CircuitOutput& output : circuit_.outputs) {
      program_.outputs.push_back({output.name, made_[output.node].id});
    }
    return std::move(program_);
  }

 private:
  static constexpr CircuitNodeId kNobody = static_cast<CircuitNodeId>(-1);
  // What a node is so far: a product before its relinearisation and its division.
  struct Made {
    ValueId id = 0;
    bool divided = true;
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

  // Sums of products and rotations of what only they read are taken before the division: one
  // relinearisation for the sum, and no rounding before the rotations' own.
  bool left_undivided(CircuitNodeId id) const {
    if (made_[id].divided || reader_[id] == kNobody) return false;
    const packing::CircuitOp& op = circuit_.nodes[reader_[id]].op;
    if (std::holds_alternative<packing::RotateSumOp>(op) ||
        std::holds_alternative<packing::RotatedTotalOp>(op)) {
      return true;
    }
    const auto* combine = std::get_if<packing::CombineOp>(&op);
    return combine != nullptr && undivided_sum(*combine, reader_[id]);
  }
  bool undivided_sum(const packing::CombineOp& op, CircuitNodeId sum) const {
    return std::all_of(op.terms.begin(), op.terms.end(), [&](const packing::CombineTerm& term) {
      return std::holds_alternative<packing::ProductsOp>(circuit_.nodes[term.from].op) &&
             reader_[term.from] == sum && circuit_.count(term.from) == circuit_.count(sum);
    });
  }

  void settle(CircuitNodeId id) {
    Made& made = made_[id];
    if (made.divided) return;
    made = {divide(relinearised(made.id)), true};
  }
  ValueId relinearised(ValueId id) {
    const Value from = value(id);
    if (from.parts == 2) return id;
    return push(program::Relinearise{id}, from.count, 2, from.level, from.scale);
  }
  ValueId divide(ValueId id) {
    const Value from = value(id);
    return push(program::Rescale{id, 1}, from.count, 2, {from.level.value - 1},
                base::rescaled(from.scale, program_.primes[from.level.value]));
  }

  Made make(const packing::InputOp& op) {
    return {push(program::Input{op.name}, circuit_.count(node_), 2, level(node_),
                 {std::exp2(scales_.node[node_])})};
  }

  Made make(const packing::ProductsOp& op) {
    const base::Level above{level(node_).value + 1};
    const ValueId a = at_level(made_[op.a].id, above);
    const ValueId b = op.a == op.b ? a : at_level(made_[op.b].id, above);
    program::Contract contract{a, b, {}};
    for (const packing::ProductTerm& term : op.terms) {
      contract.terms.push_back({term.i, term.j, term.out});
    }
    return {
        push(std::move(contract), circuit_.count(node_), 3, above, value(a).scale * value(b).scale),
        false};
  }

  Made make(const packing::MaskOp& op) {
    const ValueId from = at_level(made_[op.from].id, {level(node_).value + 1});
    const base::Scale weight{std::exp2(scales_.mask[node_])};
    const Value like = value(from);
    return {push(program::Mask{from, op.factors, weight}, like.count, 2, like.level,
                 like.scale * weight),
            false};
  }

  Made make(const packing::CombineOp& op) {
    const bool divided = made_[op.terms[0].from].divided;
    const base::Level at{level(node_).value + (divided ? 0 : 1)};
    // The summand that the others are added to has every element, and best the factor 1.
    std::size_t first = op.terms.size();
    for (std::size_t t = 0; t < op.terms.size(); ++t) {
      if (circuit_.count(op.terms[t].from) != circuit_.count(node_)) continue;
      if (first == op.terms.size() || (op.terms[t].factor == 1 && op.terms[first].factor != 1)) {
        first = t;
      }
    }
    ValueId sum = at_level(made_[op.terms[first].from].id, at);
    if (op.terms[first].factor != 1) {
      sum = push_like(sum, program::AddScaled{sum, sum, {op.terms[first].factor - 1}});
    }
    for (std::size_t t = 0; t < op.terms.size(); ++t) {
      if (t == first) continue;
      const ValueId addend = made_[op.terms[t].from].id;
      sum = push_like(sum, program::AddScaled{sum, addend, {op.terms[t].factor}});
    }
    return {sum, divided};
  }

  Made make(const packing::OffsetOp& op) {
    const ValueId from = at_level(made_[op.from].id, level(node_));
    return {push_like(from, program::AddConstant{from, op.constants})};
  }

  Made make(const packing::ScaledOp& op) {
    const Value from = value(made_[op.from].id);
    return {push(program::Reinterpret{made_[op.from].id}, from.count, from.parts, from.level,
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
    const ValueId from = at_level(made_[op.from].id, level(node_));
    const Value like = value(from);
    return {push(program::Rotate{from, rotations(op.shifts)}, circuit_.count(node_), 2, like.level,
                 like.scale)};
  }
  Made make(const packing::RotatedTotalOp& op) {
    const bool divided = made_[op.from].divided;
    const ValueId from = rotated_operand(op.from, divided);
    const Value like = value(from);
    return {push(program::RotatedTotal{from, rotations(op.shifts)}, 1, 2, like.level, like.scale),
            divided};
  }
  Made make(const packing::RotateSumOp& op) {
    const bool divided = made_[op.from].divided;
    const ValueId from = rotated_operand(op.from, divided);
    return {push_like(from, program::RotateSum{from, rotations(op.shifts)}), divided};
  }
  ValueId rotated_operand(CircuitNodeId from, bool divided) {
    const ValueId id = relinearised(made_[from].id);
    return divided ? at_level(id, level(node_)) : id;
  }

  Made make(const packing::SelectOp& op) {
    const ValueId from = at_level(made_[op.from].id, level(node_));
    const Value like = value(from);
    return {
        push(program::Select{from, op.elements}, circuit_.count(node_), 2, like.level, like.scale)};
  }

  const packing::SlotCircuit& circuit_;
  const Heights& heights_;
  const StepScales& scales_;
  unsigned base_level_;
  const std::vector<double>& magnitudes_;
  std::vector<Made> made_;
  std::vector<CircuitNodeId> reader_;  ///< the only one, or kNobody
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
