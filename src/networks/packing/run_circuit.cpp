#include "networks/packing/run_circuit.h"

#include <algorithm>

#include "engine/base/error.h"

namespace serdab::packing {
namespace {

/// One evaluation: the values of the nodes that are still needed.
class Runner {
 public:
  Runner(const SlotCircuit& circuit, const std::map<std::string, SlotVectors>& inputs)
      : circuit_(circuit), inputs_(inputs), values_(circuit.nodes.size()) {}

  SlotVectors compute(CircuitNodeId id) {
    const CircuitNode& node = circuit_.nodes[id];
    SlotVectors y(std::size_t{node.count} * circuit_.positions);
    std::visit([&](const auto& op) { compute(op, node.count, y); }, node.op);
    return y;
  }
  SlotVectors& value(CircuitNodeId id) { return values_[id]; }

 private:
  std::size_t positions() const { return circuit_.positions; }

  /// Element e of a node, or its only one.
  const double* element(CircuitNodeId id, std::size_t e) const {
    return values_[id].data() + (circuit_.count(id) == 1 ? 0 : e * positions());
  }

  /// y[p] += x[p + shift], cyclically.
  void add_rotated(const double* x, std::int64_t shift, double* y) const {
    const auto n = static_cast<std::int64_t>(positions());
    const auto start = static_cast<std::size_t>(((shift % n) + n) % n);
    for (std::size_t p = 0; p < positions(); ++p) y[p] += x[(p + start) & (positions() - 1)];
  }

  void compute(const InputOp& op, std::uint32_t count, SlotVectors& y) const {
    const auto found = inputs_.find(op.name);
    if (found == inputs_.end()) {
      base::fail(base::ErrorCode::kInvalidArgument, "slot circuit: no input '" + op.name + "'");
    }
    if (found->second.size() != y.size()) {
      base::fail(base::ErrorCode::kInvalidArgument,
                 "slot circuit: input '" + op.name + "' has " +
                     std::to_string(found->second.size()) + " numbers for " +
                     std::to_string(count) + " x " + std::to_string(positions()) + " positions");
    }
    y = found->second;
  }
  void compute(const ProductsOp& op, std::uint32_t, SlotVectors& y) const {
    for (const ProductTerm& term : op.terms) {
      const double* a = element(op.a, term.i);
      const double* b = element(op.b, term.j);
      double* out = y.data() + term.out * positions();
      for (std::size_t p = 0; p < positions(); ++p) out[p] += a[p] * b[p];
    }
  }
  void compute(const MaskOp& op, std::uint32_t, SlotVectors& y) const {
    const SlotVectors& x = values_[op.from];
    for (std::size_t k = 0; k < y.size(); ++k) y[k] = x[k] * op.factors[k % op.factors.size()];
  }
  void compute(const CombineOp& op, std::uint32_t count, SlotVectors& y) const {
    for (const CombineTerm& term : op.terms) {
      const auto factor = static_cast<double>(term.factor);
      for (std::size_t e = 0; e < count; ++e) {
        const double* x = element(term.from, e);
        double* out = y.data() + e * positions();
        for (std::size_t p = 0; p < positions(); ++p) out[p] += factor * x[p];
      }
    }
  }
  void compute(const OffsetOp& op, std::uint32_t, SlotVectors& y) const {
    const SlotVectors& x = values_[op.from];
    for (std::size_t k = 0; k < y.size(); ++k) y[k] = x[k] + op.constants[k % op.constants.size()];
  }
  void compute(const ScaledOp& op, std::uint32_t, SlotVectors& y) const {
    const SlotVectors& x = values_[op.from];
    for (std::size_t k = 0; k < y.size(); ++k) y[k] = x[k] * op.factor;
  }
  void compute(const RotateOp& op, std::uint32_t count, SlotVectors& y) const {
    for (std::size_t e = 0; e < count; ++e) {
      add_rotated(element(op.from, 0), op.shifts[e], y.data() + e * positions());
    }
  }
  void compute(const RotatedTotalOp& op, std::uint32_t, SlotVectors& y) const {
    for (std::size_t e = 0; e < op.shifts.size(); ++e) {
      add_rotated(element(op.from, e), op.shifts[e], y.data());
    }
  }
  void compute(const RotateSumOp& op, std::uint32_t count, SlotVectors& y) const {
    y = values_[op.from];
    for (const std::int32_t shift : op.shifts) {
      const SlotVectors before = y;
      for (std::size_t e = 0; e < count; ++e) {
        add_rotated(before.data() + e * positions(), shift, y.data() + e * positions());
      }
    }
  }
  void compute(const SelectOp& op, std::uint32_t, SlotVectors& y) const {
    for (std::size_t e = 0; e < op.elements.size(); ++e) {
      const double* x = element(op.from, op.elements[e]);
      std::copy(x, x + positions(), y.data() + e * positions());
    }
  }

  const SlotCircuit& circuit_;
  const std::map<std::string, SlotVectors>& inputs_;
  std::vector<SlotVectors> values_;
};

/// Of each node, the last that reads it; the circuit's length for outputs.
std::vector<std::size_t> last_readers(const SlotCircuit& circuit) {
  std::vector<std::size_t> last(circuit.nodes.size());
  for (std::size_t id = 0; id < circuit.nodes.size(); ++id) {
    last[id] = id;
    for (const CircuitNodeId operand : operands(circuit.nodes[id].op)) last[operand] = id;
  }
  for (const CircuitOutput& output : circuit.outputs) last[output.node] = circuit.nodes.size();
  return last;
}

}  // namespace

std::map<std::string, SlotVectors> run(const SlotCircuit& circuit,
                                       const std::map<std::string, SlotVectors>& inputs,
                                       const CircuitObserver& observer) {
  Runner runner(circuit, inputs);
  const std::vector<std::size_t> last = last_readers(circuit);
  for (CircuitNodeId id = 0; id < circuit.nodes.size(); ++id) {
    runner.value(id) = runner.compute(id);
    if (observer) observer(id, runner.value(id));
    for (const CircuitNodeId operand : operands(circuit.nodes[id].op)) {
      if (last[operand] == id) SlotVectors().swap(runner.value(operand));
    }
  }
  std::map<std::string, SlotVectors> outputs;
  for (const CircuitOutput& output : circuit.outputs) {
    outputs[output.name] = runner.value(output.node);
  }
  return outputs;
}

}  // namespace serdab::packing
