#include "networks/compiler/circuit/build_packed.h"

#include <algorithm>
#include <map>
#include <optional>

#include "engine/base/error.h"
#include "networks/compiler/circuit/internal/depressed.h"

namespace serdab::compiler {
namespace {

class Builder {
 public:
  Builder(const ArithmeticNetwork& network, const LayoutPlan& layouts, double baby_cost,
          double giant_cost)
      : network_(network),
        layouts_(layouts),
        baby_cost_(baby_cost),
        giant_cost_(giant_cost),
        mapped_(network.value_count()) {}

  BuiltCircuit run() {
    circuit().layout = program::Layout::kPacked;
    circuit().positions = layouts_.positions;
    circuit().images = layouts_.images;
    const packing::SlotLayout& input = layouts_.layouts[0];
    result_.input_elements.assign(std::size_t{input.positions} * input.ciphertexts,
                                  packing::kNoColumn);
    for (std::size_t e = 0; e < input.elements(); ++e) {
      for (const std::uint32_t row : input.of(e)) {
        result_.input_elements[row] = static_cast<std::uint32_t>(e);
      }
    }
    layer_ = "input";
    push(CircuitInput{}, input.ciphertexts);
    for (std::size_t s = 0; s < network_.steps.size(); ++s) {
      layer_ = value_name(network_, s + 1);
      mapped_[s + 1] =
          std::visit([&](const auto& op) { return build(op, s + 1); }, network_.steps[s].op);
    }
    finish();
    return std::move(result_);
  }

 private:
  Circuit& circuit() { return result_.circuit; }

  NodeId push(CircuitOp op, std::size_t ciphertexts) {
    circuit().nodes.push_back({std::move(op), layer_, static_cast<std::uint32_t>(ciphertexts)});
    return static_cast<NodeId>(circuit().nodes.size() - 1);
  }

  // A node once reduced: back to two parts and a small scale.
  NodeId reduced(ValueId value) {
    const NodeId node = mapped_[value].node;
    const auto at = reduced_.find(node);
    if (at != reduced_.end()) return at->second;
    if (!std::holds_alternative<CircuitSquare>(circuit().nodes[node].op) &&
        !std::holds_alternative<CircuitMultiply>(circuit().nodes[node].op) &&
        !std::holds_alternative<CircuitAddScaled>(circuit().nodes[node].op)) {
      return node;
    }
    NodeId reduce = push(CircuitReduce{node}, circuit().nodes[node].count);
    const auto constant = constants_.find(node);
    if (constant != constants_.end() && !all_zero(constant->second)) {
      reduce = push(CircuitAddConstant{reduce, spread(constant->second, value)},
                    circuit().nodes[node].count);
    }
    return reduced_[node] = reduce;
  }

  // One number for every position that holds an element, 0 elsewhere.
  std::vector<double> spread(const std::vector<double>& of_element, ValueId value) const {
    const packing::SlotLayout& layout = layouts_.layouts[value];
    std::vector<double> rows(std::size_t{layout.positions} * layout.ciphertexts);
    for (std::size_t e = 0; e < layout.elements(); ++e) {
      for (const std::uint32_t row : layout.of(e)) rows[row] = of_element[e];
    }
    return rows;
  }

  Mapped build(const Affine& op, ValueId value) {
    const PackedAffine& packed = layouts_.affines[value - 1];
    std::optional<NodeId> sum;
    // Later values first: they stand at the lowest level, which the sum must have.
    std::vector<const Affine::Term*> terms;
    for (const Affine::Term& term : op.terms) terms.push_back(&term);
    std::stable_sort(terms.begin(), terms.end(),
                     [](const auto* a, const auto* b) { return a->from > b->from; });
    for (const Affine::Term* term : terms) {
      const Mapped& from = mapped_[term->from];
      packing::SparseMatrix map = term->map;
      if (!from.gain.empty()) map = packing::product(map, packing::diagonal(from.gain));
      if (map.nonzeros() == 0) continue;
      CircuitTransform transform;
      transform.from = reduced(term->from);
      transform.map =
          packing::slot_transform(map, layouts_.layouts[term->from], packed.form, packed.order);
      transform.split = split(transform.map);
      transform.plus = sum;
      sum = push(std::move(transform), packed.form.sums.ciphertexts);
    }
    if (!sum) {
      base::fail(base::ErrorCode::kUnsupported,
                 "layer '" + layer_ + "' does not depend on the input: nothing to encrypt");
    }
    NodeId node = *sum;
    const std::size_t count = packed.form.sums.ciphertexts;
    const std::vector<std::uint32_t> shifts = packed.form.rotations();
    if (!shifts.empty()) node = push(CircuitRotateSum{node, shifts}, count);
    node = push(CircuitReduce{node}, count);
    node = push(CircuitAddConstant{node, spread(op.bias, value)}, count);
    return {node, {}, {}};
  }

  packing::BabyGiant split(const packing::SlotTransform& map) const {
    std::vector<std::uint32_t> shifts;
    for (const packing::SlotDiagonal& d : map.diagonals) shifts.push_back(d.shift);
    std::sort(shifts.begin(), shifts.end());
    shifts.erase(std::unique(shifts.begin(), shifts.end()), shifts.end());
    return packing::split_shifts(shifts, map.positions * map.images, baby_cost_, giant_cost_);
  }

  Mapped build(const Polynomial& polynomial, ValueId value) {
    const std::size_t size = network_.size(value);
    const Polynomial op = trimmed(polynomial, layer_);
    const std::size_t degree = op.sets.front().size() - 1;
    const auto take = [&](auto member) {
      return per_element(op, size, [&](const auto& c) { return depress(c).*member; });
    };
    const NodeId x = shifted(op.from, take(&Depressed::shift));
    const std::size_t count = circuit().nodes[x].count;
    NodeId y = push(CircuitSquare{x}, count);
    if (degree > 2) {
      NodeId u = push(CircuitReduce{y}, count);
      const std::vector<double> square = take(&Depressed::square);
      if (!all_zero(square)) u = push(CircuitAddConstant{u, spread(square, value)}, count);
      if (degree == 3) {
        y = push(CircuitMultiply{u, x}, count);
      } else {
        y = push(CircuitSquare{u}, count);
        const std::vector<double> linear = take(&Depressed::linear);
        if (!all_zero(linear)) y = push(CircuitAddScaled{y, x, {one(linear)}}, count);
      }
    }
    Mapped result{y, take(&Depressed::lead), {}};
    // Added here rather than to the layer after it: a polynomial's own constant term cancels most
    // of the constant that completing the square leaves, and large values cost bits.
    constants_[y] = take(&Depressed::constant);
    return result;
  }

  double one(const std::vector<double>& values) const {
    for (const double v : values) {
      if (v == values.front()) continue;
      base::fail(base::ErrorCode::kUnsupported,
                 "layer '" + layer_ +
                     "': a polynomial of degree 4 that differs from channel to channel; the packed "
                     "layout takes one for all, use --layout batch");
    }
    return values.front();
  }

  // The polynomial's argument plus a shift, in one with the layer's bias.
  NodeId shifted(ValueId from, const std::vector<double>& shift) {
    const NodeId x = plain(from);
    if (all_zero(shift)) return x;
    const std::vector<double> rows = spread(shift, from);
    auto* constant = std::get_if<CircuitAddConstant>(&circuit().nodes[x].op);
    if (constant != nullptr && consumers(network_)[from].size() == 1) {
      for (std::size_t i = 0; i < rows.size(); ++i) constant->constants[i] += rows[i];
      return x;
    }
    return push(CircuitAddConstant{x, rows}, circuit().nodes[x].count);
  }

  // The value itself with its gain and offset applied.
  NodeId plain(ValueId from) {
    const Mapped mapped = mapped_[from];
    const NodeId node = reduced(from);
    if (mapped.gain.empty()) return node;
    const packing::SlotLayout& layout = layouts_.layouts[from];
    CircuitTransform transform;
    transform.from = node;
    transform.map = packing::slot_transform(packing::diagonal(mapped.gain), layout, {layout, 1, 0},
                                            {1, layouts_.images});
    transform.split = split(transform.map);
    NodeId result = push(std::move(transform), layout.ciphertexts);
    result = push(CircuitReduce{result}, layout.ciphertexts);
    mapped_[from] = {result, {}, {}};
    return result;
  }

  void finish() {
    const ValueId output = network_.output();
    layer_ = value_name(network_, output);
    const NodeId node = plain(output);
    if (node + 1 != circuit().nodes.size()) push(CircuitReduce{node}, circuit().nodes[node].count);
    const packing::SlotLayout& layout = layouts_.layouts[output];
    for (std::size_t o = 0; o < layout.elements(); ++o) {
      circuit().answer_rows.push_back(layout.of(o).front());
    }
  }

  const ArithmeticNetwork& network_;
  const LayoutPlan& layouts_;
  double baby_cost_, giant_cost_;
  std::vector<Mapped> mapped_;
  std::map<NodeId, NodeId> reduced_;
  std::map<NodeId, std::vector<double>> constants_;  ///< to add once a node is reduced, by element
  std::string layer_;
  BuiltCircuit result_;
};

}  // namespace

BuiltCircuit build_packed_circuit(const ArithmeticNetwork& network, const LayoutPlan& layouts,
                                  double baby_cost, double giant_cost) {
  return Builder(network, layouts, baby_cost, giant_cost).run();
}

}  // namespace serdab::compiler
