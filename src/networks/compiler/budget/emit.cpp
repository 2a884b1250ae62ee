#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/error.h"
#include "networks/compiler/budget/assignment.h"
#include "networks/program/noise.h"
#include "networks/program/verifier.h"

namespace serdab::compiler {
namespace {

using program::Program;
using program::Value;
using program::ValueId;

constexpr double kLargestWeight = (1 << 20) - 1;
constexpr double kLargestFactor = 9e18;

double largest_weight(const CircuitAffine& op) {
  double largest = 0;
  for (const RealTerm& term : op.terms) {
    for (const packing::DenseMatrix& matrix : term.map.matrices) {
      for (double w : matrix.values) largest = std::max(largest, std::abs(w));
    }
  }
  return largest;
}

class Emitter {
 public:
  Emitter(const Circuit& circuit, const NodeStatistics& statistics, const BitBudget& budget,
          const Chain& chain, Program& program)
      : circuit_(circuit),
        statistics_(statistics),
        budget_(budget),
        chain_(chain),
        program_(program) {}

  std::vector<ValueId> run() {
    value_of_.resize(circuit_.nodes.size());
    for (id_ = 0; id_ < circuit_.nodes.size(); ++id_) {
      value_of_[id_] = std::visit([&](const auto& op) { return emit(op); }, circuit_.nodes[id_].op);
    }
    return std::move(value_of_);
  }

 private:
  const Value& of(NodeId node) const { return program_.values[value_of_[node]]; }

  ValueId push(program::Op op, unsigned parts, base::Level level, base::Scale scale) {
    const CircuitNode& node = circuit_.nodes[id_];
    program_.values.push_back(
        {std::move(op), node.layer, node.count, parts, level, scale, statistics_.magnitude[id_]});
    return static_cast<ValueId>(program_.values.size() - 1);
  }

  ValueId emit(const CircuitInput&) {
    const auto top = static_cast<unsigned>(program_.primes.size() - 1);
    return push(program::Input{}, 2, {top}, {std::exp2(budget_.log_scale[id_])});
  }

  ValueId emit(const CircuitAffine& op) {
    base::Level level{std::numeric_limits<unsigned>::max()};
    base::Scale finest{0};
    for (const RealTerm& term : op.terms) {
      level = std::min(level, of(term.from).level);
      finest = std::max(finest, of(term.from).scale);
    }
    const double unit = std::min(std::exp2(budget_.log_scale[id_]),
                                 kLargestWeight / std::max(largest_weight(op), 1e-30));
    const base::Scale scale = finest * base::Scale{unit};
    program::Affine affine;
    affine.bias = op.bias;
    unsigned parts = 2;
    for (const RealTerm& term : op.terms) {
      const ValueId from = near(value_of_[term.from], finest);
      const Value& value = program_.values[from];
      parts = value.parts;
      affine.terms.push_back(quantise(term, from, scale.value / value.scale.value, affine.bias));
    }
    return push(std::move(affine), parts, level, scale);
  }

  // A branch whose scale lies below another's is brought up to it, so that both get weights of the
  // same precision.
  ValueId near(ValueId id, base::Scale finest) {
    const Value value = program_.values[id];
    const auto factor =
        static_cast<std::uint64_t>(std::nearbyint(finest.value / value.scale.value));
    if (factor <= 1) return id;
    program_.values.push_back({program::ScaleUp{id, factor}, value.layer, value.count, value.parts,
                               value.level, value.scale * base::Scale{static_cast<double>(factor)},
                               value.calibrated});
    return static_cast<ValueId>(program_.values.size() - 1);
  }

  program::AffineTerm quantise(const RealTerm& term, ValueId from, double unit,
                               std::vector<double>& bias) const {
    program::AffineTerm result;
    result.from = from;
    for (const packing::DenseMatrix& matrix : term.map.matrices) {
      program::WeightMatrix integers{
          static_cast<std::uint32_t>(matrix.rows), static_cast<std::uint32_t>(matrix.cols), {}};
      for (double w : matrix.values) {
        const double rounded = std::nearbyint(w * unit);
        if (std::abs(rounded) > kLargestWeight) {
          base::fail(base::ErrorCode::kUnsupported,
                     "layer '" + circuit_.nodes[id_].layer +
                         "': weights of its branches differ too much in scale for 20 bits");
        }
        integers.weights.push_back(static_cast<std::int32_t>(rounded));
      }
      result.matrices.push_back(std::move(integers));
    }
    for (const packing::Block& block : term.map.blocks) {
      result.blocks.push_back(
          {static_cast<std::uint32_t>(block.matrix), block.inputs, block.outputs});
    }
    correct_mean(term, result, unit, bias);
    return result;
  }

  void correct_mean(const RealTerm& term, const program::AffineTerm& rounded, double unit,
                    std::vector<double>& bias) const {
    const std::vector<double>& mean = statistics_.mean[term.from];
    if (mean.empty()) return;
    for (const packing::Block& block : term.map.blocks) {
      const packing::DenseMatrix& real = term.map.matrices[block.matrix];
      const program::WeightMatrix& integers = rounded.matrices[block.matrix];
      for (std::size_t r = 0; r < real.rows; ++r) {
        for (std::size_t k = 0; k < real.cols; ++k) {
          const std::size_t at = r * real.cols + k;
          bias[block.outputs[r]] +=
              (real.values[at] - integers.weights[at] / unit) * mean[block.inputs[k]];
        }
      }
    }
  }

  ValueId emit(const CircuitSquare& op) {
    const Value& from = of(op.from);
    return push(program::Square{value_of_[op.from]}, 3, from.level, from.scale * from.scale);
  }

  ValueId emit(const CircuitMultiply& op) {
    const base::Level level = std::min(of(op.a).level, of(op.b).level);
    const ValueId a = dropped(op.a, level);
    const ValueId b = dropped(op.b, level);
    const base::Scale scale = of(op.a).scale * of(op.b).scale;
    return push(program::Multiply{a, b}, 3, level, scale);
  }

  ValueId dropped(NodeId node, base::Level level) {
    const ValueId id = value_of_[node];
    const Value& value = program_.values[id];
    if (value.level == level) return id;
    program_.values.push_back({program::ModDrop{id}, value.layer, value.count, value.parts, level,
                               value.scale, value.calibrated});
    return static_cast<ValueId>(program_.values.size() - 1);
  }

  ValueId emit(const CircuitAddScaled& op) {
    const Value from = of(op.from);
    ValueId addend = value_of_[op.addend];
    double largest = 0;
    for (const double factor : op.factors) largest = std::max(largest, std::abs(factor));
    // What does not fit one integer goes by two.
    constexpr double kStep = 1ull << 40;
    if (largest * from.scale.value / program_.values[addend].scale.value > kLargestFactor) {
      const Value value = program_.values[addend];
      program_.values.push_back({program::ScaleUp{addend, std::uint64_t{1} << 40}, value.layer,
                                 value.count, value.parts, value.level,
                                 value.scale * base::Scale{kStep}, value.calibrated});
      addend = static_cast<ValueId>(program_.values.size() - 1);
    }
    const double unit = from.scale.value / program_.values[addend].scale.value;
    program::AddScaled result{value_of_[op.from], addend, {}};
    for (double factor : op.factors) {
      const double rounded = std::nearbyint(factor * unit);
      if (std::abs(rounded) > kLargestFactor) {
        base::fail(
            base::ErrorCode::kUnsupported,
            "layer '" + circuit_.nodes[id_].layer + "': a coefficient is too large for its scale");
      }
      result.factors.push_back(static_cast<std::int64_t>(rounded));
    }
    const unsigned parts = from.parts;
    const base::Level level = from.level;
    const base::Scale scale = from.scale;
    return push(std::move(result), parts, level, scale);
  }

  ValueId emit(const CircuitAddConstant& op) {
    const Value& from = of(op.from);
    return push(program::AddConstant{value_of_[op.from], op.constants}, from.parts, from.level,
                from.scale);
  }

  ValueId emit(const CircuitReduce& op) {
    const Value from = of(op.from);
    ValueId source = value_of_[op.from];
    if (from.parts == 3) source = push(program::Relinearise{source}, 2, from.level, from.scale);
    const std::uint32_t drops = chain_.reduction_drops[id_];
    if (drops == 0) return source;
    base::Scale scale = from.scale;
    for (std::uint32_t i = 0; i < drops; ++i) {
      scale = base::rescaled(scale, program_.primes[from.level.value - i]);
    }
    return push(program::Rescale{source, drops}, 2, {from.level.value - drops}, scale);
  }

  ValueId emit(const CircuitTransform& op) {
    const Value from = of(op.from);
    program::Transform transform;
    transform.from = value_of_[op.from];
    transform.repeats = op.map.repeats;
    // Primes are never quite of the size that was wished: the weights bring the scale back.
    const double wanted = op.plus ? of(*op.plus).scale.value : std::exp2(chain_.log_scale[id_]);
    const double weights = wanted / from.scale.value;
    transform.weight_scale = {std::max(1.0, weights)};
    transform.babies = rotations(op.split.babies);
    transform.giants = rotations(op.split.giants);
    for (const packing::SlotDiagonal& d : op.map.diagonals) {
      const std::uint32_t baby = d.shift % op.split.step;
      transform.diagonals.push_back({d.input, d.output, index(op.split.babies, baby),
                                     index(op.split.giants, d.shift - baby), d.positions,
                                     d.weights});
    }
    const std::vector<double>& squares = statistics_.row_square[op.from];
    if (!squares.empty()) {
      transform.met_square = program::met_square(transform, circuit_.positions, squares);
    }
    const base::Scale scale = from.scale * transform.weight_scale;
    const ValueId id = push(std::move(transform), 2, from.level, scale);
    if (!op.plus) return id;
    // The sum stands where the lower of both does.
    const ValueId other = value_of_[*op.plus];
    const bool low = from.level <= program_.values[other].level;
    const Value& sum = program_.values[low ? id : other];
    const base::Level level = sum.level;
    const base::Scale sum_scale = sum.scale;
    return push(program::AddScaled{low ? id : other, low ? other : id, {1}}, 2, level, sum_scale);
  }

  static std::vector<program::Rotation> rotations(const std::vector<std::uint32_t>& shifts) {
    std::vector<program::Rotation> result;
    for (const std::uint32_t shift : shifts) {
      result.push_back({shift, {}});
      if (shift != 0) result.back().steps = {shift};
    }
    return result;
  }

  static std::uint32_t index(const std::vector<std::uint32_t>& sorted, std::uint32_t shift) {
    return static_cast<std::uint32_t>(std::lower_bound(sorted.begin(), sorted.end(), shift) -
                                      sorted.begin());
  }

  ValueId emit(const CircuitRotateSum& op) {
    const Value from = of(op.from);
    return push(program::RotateSum{value_of_[op.from], rotations(op.shifts)}, 2, from.level,
                from.scale);
  }

  const Circuit& circuit_;
  const NodeStatistics& statistics_;
  const BitBudget& budget_;
  const Chain& chain_;
  Program& program_;
  std::vector<ValueId> value_of_;
  NodeId id_ = 0;
};

}  // namespace

Emitted emit(const Circuit& circuit, const NodeStatistics& statistics, const BitBudget& budget,
             const Chain& chain, const std::vector<std::uint64_t>& primes,
             const std::vector<std::uint64_t>& special_primes) {
  Emitted result;
  result.program.layout = circuit.layout;
  result.program.positions = circuit.positions;
  result.program.images = circuit.images;
  result.program.primes = primes;
  result.program.special_primes = special_primes;
  result.value_of_node = Emitter(circuit, statistics, budget, chain, result.program).run();
  program::verify(result.program);
  return result;
}

}  // namespace serdab::compiler
