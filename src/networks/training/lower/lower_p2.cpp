#include "networks/training/lower/lower_p2.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <tuple>
#include <utility>

#include "engine/base/error.h"
#include "networks/packing/matrix/reduce_scatter.h"
#include "networks/packing/matrix/swap_role.h"

namespace serdab::training {
namespace {

using packing::CircuitNodeId;

[[noreturn]] void fail(const std::string& what) {
  base::fail(base::ErrorCode::kInvalidArgument, "training in packing P2: " + what);
}

packing::SwapRole shape_for(const StepGraph& step, std::size_t samples, std::uint32_t positions) {
  std::size_t dimension = 1;
  for (const StepNode& node : step.nodes) {
    dimension = std::max({dimension, node.shape.rows, node.shape.cols});
  }
  if (samples == 0) fail("no sample");
  if (dimension > positions) {
    fail("a tensor of " + std::to_string(dimension) + " exceeds " + std::to_string(positions) +
         " positions");
  }
  const std::size_t n = std::bit_ceil(dimension), most = positions / n;
  if (samples > most) {
    fail(std::to_string(samples) + " samples, at most " + std::to_string(most) + " fit with " +
         std::to_string(n) + " of " + std::to_string(positions) + " positions each");
  }
  return packing::swap_role(static_cast<std::uint32_t>(n),
                            static_cast<std::uint32_t>(std::bit_ceil(samples)), positions);
}

/// By node, the nodes that read it and are read themselves; outputs are read by `nodes.size()`.
std::vector<std::vector<StepNodeId>> readers_of(const StepGraph& step) {
  std::vector<std::vector<StepNodeId>> readers(step.nodes.size());
  for (const StepOutput& output : step.outputs) readers[output.node].push_back(step.nodes.size());
  for (StepNodeId id = step.nodes.size(); id-- > 0;) {
    if (readers[id].empty()) continue;
    for (const StepNodeId operand : operands(step.nodes[id].op)) readers[operand].push_back(id);
  }
  return readers;
}

/// Lowers what the outputs need. Every vector is 0 where no unit of a real sample stands, but for
/// the unit behind an unmasked DropLast.
class Lowering {
 public:
  Lowering(const StepGraph& step, std::size_t samples, std::uint32_t positions, SumsSave save)
      : step_(step),
        samples_(samples),
        save_(save),
        role_(shape_for(step, samples, positions)),
        readers_(readers_of(step)) {
    out_.circuit.positions = positions;
  }

  LoweredStep run() {
    for (const StepOutput& output : step_.outputs) {
      const CircuitNodeId node = value(output.node);
      out_.circuit.label = step_.nodes[output.node].label;
      out_.circuit.output(output.name, node);
      add_place(output.name, output.node);
    }
    return std::move(out_);
  }

 private:
  packing::SlotCircuit& circuit() { return out_.circuit; }

  void add_place(const std::string& name, StepNodeId id) {
    const auto& [rows, cols] = step_.shape(id);
    TensorPlace place{name, step_.shape(id).is_matrix() ? role_.matrix_layout(rows, cols)
                                                        : role_.vector_layout(rows, samples_)};
    const auto [at, fresh] = out_.places.try_emplace(name, std::move(place));
    if (fresh) {
      shapes_[name] = step_.shape(id);
    } else if (shapes_.at(name) != step_.shape(id)) {
      fail("tensor '" + name + "' comes in two shapes");
    }
  }

  CircuitNodeId value(StepNodeId id) {
    if (const auto at = values_.find(id); at != values_.end()) return at->second;
    for (const StepNodeId operand : operands(step_.nodes[id].op)) value(operand);
    circuit().label = step_.nodes[id].label;
    const CircuitNodeId made =
        std::visit([&](const auto& op) { return make(op, id); }, step_.nodes[id].op);
    return values_[id] = made;
  }

  // ---- Linear maps ----

  CircuitNodeId baby_steps(StepNodeId x) {
    const auto [at, fresh] = baby_steps_.try_emplace(value(x));
    if (fresh) at->second = role_.baby_steps(circuit(), value(x));
    return at->second;
  }
  CircuitNodeId giant_steps(StepNodeId d) {
    const auto [at, fresh] = giant_steps_.try_emplace(value(d));
    if (fresh) at->second = role_.giant_steps(circuit(), value(d));
    return at->second;
  }

  CircuitNodeId make(const GivenOp& op, StepNodeId id) {
    add_place(op.name, id);
    const auto [at, fresh] = inputs_.try_emplace(op.name);
    if (fresh) at->second = circuit().input(op.name, step_.shape(id).is_matrix() ? role_.n : 1);
    return at->second;
  }
  CircuitNodeId make(const MatVecOp& op, StepNodeId) {
    return role_.forward(circuit(), value(op.matrix), baby_steps(op.vector));
  }
  CircuitNodeId make(const MatVecTransposedOp& op, StepNodeId) {
    return role_.backward(circuit(), value(op.matrix), giant_steps(op.vector));
  }
  CircuitNodeId make(const OuterOp& op, StepNodeId) {
    const CircuitNodeId each =
        role_.gradients(circuit(), giant_steps(op.left), baby_steps(op.right));
    const packing::SampleSum way = save_ == SumsSave::kLevels
                                       ? packing::SampleSum::kEach
                                       : packing::fewest_rotations(role_.n, role_.sample_axis());
    return packing::sum_over_samples(circuit(), each, role_.sample_axis(), way);
  }
  CircuitNodeId make(const WeightedSumOp& op, StepNodeId) {
    std::vector<packing::CombineTerm> terms;
    for (const WeightedTerm& term : op.terms) terms.push_back({value(term.from), term.factor});
    return circuit().combine(std::move(terms));
  }
  CircuitNodeId make(const ScaleOp& op, StepNodeId) {
    return circuit().scaled(value(op.from), op.factor);
  }

  // ---- Units ----

  CircuitNodeId make(const AppendOneOp& op, StepNodeId) {
    const std::size_t units = step_.shape(op.from).rows;
    std::vector<double> one = role_.at_units(units + 1, samples_, 1);
    const std::vector<double> before = role_.at_units(units, samples_, 1);
    std::transform(one.begin(), one.end(), before.begin(), one.begin(), std::minus<>());
    return circuit().offset(value(op.from), std::move(one));
  }
  CircuitNodeId make(const DropLastOp& op, StepNodeId id) {
    if (masked_by_readers(id)) return value(op.from);
    return circuit().mask(value(op.from), role_.at_units(step_.shape(id).rows, samples_, 1));
  }

  bool drops(StepNodeId id) const { return std::holds_alternative<DropLastOp>(step_.nodes[id].op); }
  /// Whether all that read a DropLast multiply it with a vector that is zero at the unit dropped.
  bool masked_by_readers(StepNodeId id) const {
    return std::all_of(readers_[id].begin(), readers_[id].end(), [&](StepNodeId reader) {
      if (reader == step_.nodes.size()) return false;
      const auto* product = std::get_if<HadamardOp>(&step_.nodes[reader].op);
      return product != nullptr && !drops(product->a == id ? product->b : product->a);
    });
  }

  // ---- Polynomials ----

  CircuitNodeId make(const HadamardOp& op, StepNodeId) {
    return circuit().multiply(value(op.a), value(op.b));
  }

  /// Around the centre, y = x + shift, no term of the second highest degree is left. A polynomial
  /// and its derivative have the same centre.
  CircuitNodeId make(const PolynomialOp& op, StepNodeId id) {
    const std::vector<double>& c = op.coefficients;
    const std::size_t degree = c.size() - 1, units = step_.shape(id).rows;
    const double shift = c[degree - 1] / (static_cast<double>(degree) * c[degree]);
    const CircuitNodeId y = centred(value(op.from), shift, units);
    if (degree == 1) return times(y, c[1]);
    if (degree == 2) return plus(times(squared(y), c[2]), c[0] - c[1] * shift / 2, units);
    const double linear = c[1] - c[2] * shift;
    const double constant = c[0] - c[1] * shift + 2 * c[2] * shift * shift / 3;
    return plus(circuit().multiply(y, plus(times(squared(y), c[3]), linear, units)), constant,
                units);
  }

  CircuitNodeId centred(CircuitNodeId x, double shift, std::size_t units) {
    const auto [at, fresh] = centred_.try_emplace(std::tuple(x, shift, units));
    if (fresh) at->second = plus(x, shift, units);
    return at->second;
  }
  CircuitNodeId squared(CircuitNodeId y) {
    const auto [at, fresh] = squares_.try_emplace(y);
    if (fresh) at->second = circuit().square(y);
    return at->second;
  }
  CircuitNodeId times(CircuitNodeId x, double factor) {
    if (factor < 0) x = circuit().combine({{x, -1}});
    return std::abs(factor) == 1 ? x : circuit().scaled(x, std::abs(factor));
  }
  /// Plus a constant at the units of real samples.
  CircuitNodeId plus(CircuitNodeId x, double constant, std::size_t units) {
    if (constant == 0) return x;
    return circuit().offset(x, role_.at_units(units, samples_, constant));
  }

  const StepGraph& step_;
  std::size_t samples_;
  SumsSave save_;
  packing::SwapRole role_;
  std::vector<std::vector<StepNodeId>> readers_;
  LoweredStep out_;
  std::map<std::string, TensorShape> shapes_;
  std::map<std::string, CircuitNodeId> inputs_;
  std::map<StepNodeId, CircuitNodeId> values_;
  std::map<CircuitNodeId, CircuitNodeId> baby_steps_, giant_steps_, squares_;
  std::map<std::tuple<CircuitNodeId, double, std::size_t>, CircuitNodeId> centred_;
};

}  // namespace

LoweredStep lower_p2(const StepGraph& step, std::size_t samples, std::uint32_t positions,
                     SumsSave save) {
  return Lowering(step, samples, positions, save).run();
}

}  // namespace serdab::training
