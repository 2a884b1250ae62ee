#include "networks/compiler/circuit/build.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>

#include "engine/base/error.h"
#include "networks/compiler/circuit/internal/depressed.h"

namespace serdab::compiler {
namespace {

// A block's weights must fit one GEMM call.
constexpr std::size_t kMaxColumns = 4096;

class Builder {
 public:
  explicit Builder(const ArithmeticNetwork& network)
      : network_(network), consumers_(consumers(network)), mapped_(network.value_count()) {}

  BuiltCircuit run() {
    for (std::size_t element : used_inputs(network_)) {
      result_.input_elements.push_back(static_cast<std::uint32_t>(element));
    }
    new_index_.assign(network_.size(0), packing::kNoColumn);
    for (std::size_t i = 0; i < result_.input_elements.size(); ++i) {
      new_index_[result_.input_elements[i]] = static_cast<std::uint32_t>(i);
    }
    push(CircuitInput{}, "input", result_.input_elements.size());
    for (std::size_t s = 0; s < network_.steps.size(); ++s) {
      layer_ = value_name(network_, s + 1);
      mapped_[s + 1] =
          std::visit([&](const auto& op) { return build(op, s + 1); }, network_.steps[s].op);
    }
    finish();
    return std::move(result_);
  }

 private:
  NodeId push(CircuitOp op, const std::string& layer, std::size_t count) {
    result_.circuit.nodes.push_back({std::move(op), layer, static_cast<std::uint32_t>(count)});
    parts_ = parts_by_node(result_.circuit);
    return static_cast<NodeId>(result_.circuit.nodes.size() - 1);
  }
  std::size_t count(NodeId node) const { return result_.circuit.nodes[node].count; }

  // Two parts and a small scale; a node is reduced once.
  NodeId reduced(NodeId node) {
    if (parts_[node] == 2) return node;
    const auto at = reduced_.find(node);
    if (at != reduced_.end()) return at->second;
    const std::string layer = result_.circuit.nodes[node].layer;
    return reduced_[node] = push(CircuitReduce{node}, layer, count(node));
  }

  Mapped build(const Affine& op, ValueId value) {
    if (std::optional<Mapped> sum = build_sum(op, value)) return std::move(*sum);
    const bool late = reduce_after(op, value);
    CircuitAffine affine;
    affine.bias = op.bias;
    for (const Affine::Term& term : op.terms) add_term(affine, term, late);
    if (affine.terms.empty()) {
      base::fail(base::ErrorCode::kUnsupported,
                 "layer '" + layer_ + "' does not depend on the input: nothing to encrypt");
    }
    return {push(std::move(affine), layer_, network_.size(value)), {}, {}};
  }

  // A map of equal weights on elements of equal gain is a plain sum: the weight and the gain go on
  // to the affines that read it, and the sum takes no bits.
  std::optional<Mapped> build_sum(const Affine& op, ValueId value) {
    if (op.terms.size() != 1 || consumers_[value].empty() || !only_affines_read(value)) {
      return std::nullopt;
    }
    const Affine::Term& term = op.terms.front();
    const std::optional<std::vector<double>> gain = gain_of_sum(term);
    if (!gain) return std::nullopt;
    Mapped result{0, *gain, op.bias};
    const Mapped& from = mapped_[term.from];
    if (!from.offset.empty()) {
      const std::vector<double> moved = packing::apply_map(term.map, from.offset);
      for (std::size_t i = 0; i < moved.size(); ++i) result.offset[i] += moved[i];
    }
    CircuitAffine affine;
    affine.bias.assign(network_.size(value), 0.0);
    packing::SparseMatrix ones = term.map;
    std::fill(ones.value.begin(), ones.value.end(), 1.0);
    const NodeId node = reduce_after(op, value) ? from.node : reduced(from.node);
    affine.terms.push_back({node, packing::block_partition(ones)});
    if (term.from == 0) renumber_inputs(affine.terms.front().map);
    result.node = push(std::move(affine), layer_, network_.size(value));
    return result;
  }

  bool only_affines_read(ValueId value) const {
    return std::all_of(consumers_[value].begin(), consumers_[value].end(), [&](std::size_t step) {
      return std::holds_alternative<Affine>(network_.steps[step].op);
    });
  }

  // By row: the weight times the gain of all it reads; nothing if they differ within a row.
  std::optional<std::vector<double>> gain_of_sum(const Affine::Term& term) const {
    const std::vector<double>& weights = term.map.value;
    if (weights.empty() || !std::all_of(weights.begin(), weights.end(),
                                        [&](double w) { return w == weights.front(); })) {
      return std::nullopt;
    }
    const std::vector<double>& gains = mapped_[term.from].gain;
    std::vector<double> result(term.map.rows, weights.front());
    for (std::size_t r = 0; r < term.map.rows; ++r) {
      const auto columns = term.map.row_columns(r);
      if (columns.size() > kMaxColumns) return std::nullopt;
      for (const std::uint32_t column : columns) {
        if (!gains.empty() && gains[column] != gains[columns.front()]) return std::nullopt;
      }
      if (!gains.empty() && !columns.empty()) result[r] *= gains[columns.front()];
    }
    return result;
  }

  // Products stay unreduced through an affine that has far fewer outputs than inputs, if nobody
  // else reads them: that saves relinearisations and costs the products with a third part.
  bool reduce_after(const Affine& op, ValueId value) const {
    // One relinearisation takes as long as about so many multiply-accumulates of one part.
    constexpr std::size_t kProductsPerReduction = 200;
    std::size_t inputs = 0;
    for (const Affine::Term& term : op.terms) {
      const NodeId node = mapped_[term.from].node;
      if (term.from == 0 || parts_[node] == 2 || consumers_[term.from].size() > 1) return false;
      inputs += count(node);
    }
    const std::size_t outputs = network_.size(value);
    return outputs < inputs && op.nonzeros() <= kProductsPerReduction * (inputs - outputs);
  }

  void add_term(CircuitAffine& affine, const Affine::Term& term, bool late) {
    const Mapped& from = mapped_[term.from];
    packing::SparseMatrix map = term.map;
    if (!from.offset.empty()) {
      const std::vector<double> moved = packing::apply_map(map, from.offset);
      for (std::size_t i = 0; i < moved.size(); ++i) affine.bias[i] += moved[i];
    }
    if (!from.gain.empty()) map = packing::product(map, packing::diagonal(from.gain));
    if (map.nonzeros() == 0) return;
    const NodeId node = late ? from.node : reduced(from.node);
    for (packing::BlockAffine& piece : split_columns(packing::block_partition(map))) {
      if (term.from == 0) renumber_inputs(piece);
      affine.terms.push_back({node, std::move(piece)});
    }
  }

  void renumber_inputs(packing::BlockAffine& map) const {
    for (packing::Block& block : map.blocks) {
      for (std::uint32_t& input : block.inputs) input = new_index_[input];
    }
  }

  // One map with at most kMaxColumns columns a block, and further maps for what was too wide.
  static std::vector<packing::BlockAffine> split_columns(packing::BlockAffine&& map) {
    std::vector<packing::BlockAffine> pieces;
    std::size_t widest = 0;
    for (const auto& matrix : map.matrices) widest = std::max(widest, matrix.cols);
    if (widest <= kMaxColumns) {
      pieces.push_back(std::move(map));
      return pieces;
    }
    for (std::size_t begin = 0; begin < widest; begin += kMaxColumns) {
      packing::BlockAffine piece;
      for (const packing::Block& block : map.blocks) {
        if (block.inputs.size() <= begin) continue;
        const std::size_t end = std::min(block.inputs.size(), begin + kMaxColumns);
        const packing::DenseMatrix& whole = map.matrices[block.matrix];
        packing::DenseMatrix part{whole.rows, end - begin, {}};
        for (std::size_t r = 0; r < whole.rows; ++r) {
          const double* row = whole.values.data() + r * whole.cols;
          part.values.insert(part.values.end(), row + begin, row + end);
        }
        packing::Block cut{piece.matrices.size(),
                           {block.inputs.begin() + static_cast<std::ptrdiff_t>(begin),
                            block.inputs.begin() + static_cast<std::ptrdiff_t>(end)},
                           block.outputs};
        piece.matrices.push_back(std::move(part));
        piece.blocks.push_back(std::move(cut));
      }
      pieces.push_back(std::move(piece));
    }
    return pieces;
  }

  Mapped build(const Polynomial& polynomial, ValueId value) {
    const std::size_t size = network_.size(value);
    const Polynomial op = trimmed(polynomial, layer_);
    const std::size_t degree = op.sets.front().size() - 1;
    const auto take = [&](auto member) {
      return per_element(op, size, [&](const auto& c) { return depress(c).*member; });
    };
    const NodeId x = shifted(op.from, take(&Depressed::shift));
    NodeId y = push(CircuitSquare{x}, layer_, size);
    if (degree > 2) {
      NodeId u = push(CircuitReduce{y}, layer_, size);
      const std::vector<double> square = take(&Depressed::square);
      if (!all_zero(square)) u = push(CircuitAddConstant{u, square}, layer_, size);
      if (degree == 3) {
        y = push(CircuitMultiply{u, x}, layer_, size);
      } else {
        y = push(CircuitSquare{u}, layer_, size);
        const std::vector<double> linear = take(&Depressed::linear);
        if (!all_zero(linear)) y = push(CircuitAddScaled{y, x, linear}, layer_, size);
      }
    }
    Mapped result{y, take(&Depressed::lead), {}};
    result.offset = per_element(op, size, [](const auto& c) {
      const Depressed d = depress(c);
      return d.lead * d.constant;
    });
    return result;
  }

  // The polynomial's argument plus a shift, as a reduced node: into the bias of the affine that
  // makes it if this is its only reader.
  NodeId shifted(ValueId from, const std::vector<double>& shift) {
    NodeId x = plain(from);
    if (all_zero(shift)) return x;
    auto* affine = std::get_if<CircuitAffine>(&result_.circuit.nodes[x].op);
    if (affine != nullptr && consumers_[from].size() == 1) {
      for (std::size_t i = 0; i < shift.size(); ++i) affine->bias[i] += shift[i];
      return x;
    }
    if (const auto* reduce = std::get_if<CircuitReduce>(&result_.circuit.nodes[x].op)) {
      auto* before = std::get_if<CircuitAffine>(&result_.circuit.nodes[reduce->from].op);
      if (before != nullptr && consumers_[from].size() == 1) {
        for (std::size_t i = 0; i < shift.size(); ++i) before->bias[i] += shift[i];
        return x;
      }
    }
    return push(CircuitAddConstant{x, shift}, layer_, shift.size());
  }

  // The value itself as a reduced node, with gain and offset applied.
  NodeId plain(ValueId from) {
    const Mapped mapped = mapped_[from];
    const NodeId node = reduced(mapped.node);
    const bool whole_input = from != 0 || result_.input_elements.size() == network_.size(0);
    if (mapped.gain.empty() && mapped.offset.empty() && whole_input) return node;
    CircuitAffine affine;
    const std::size_t size = network_.size(from);
    affine.bias = mapped.offset.empty() ? std::vector<double>(size) : mapped.offset;
    const std::vector<double> gain =
        mapped.gain.empty() ? std::vector<double>(size, 1) : mapped.gain;
    RealTerm term{node, packing::block_partition(packing::diagonal(gain))};
    if (from == 0) renumber_inputs(term.map);
    affine.terms.push_back(std::move(term));
    const NodeId result = push(std::move(affine), layer_, size);
    mapped_[from] = {result, {}, {}};
    return result;
  }

  // The answer, reduced and as small as its precision allows.
  void finish() {
    const ValueId output = network_.output();
    layer_ = value_name(network_, output);
    NodeId node = mapped_[output].node;
    if (!mapped_[output].gain.empty()) node = plain(output);
    if (node == 0) {
      base::fail(base::ErrorCode::kUnsupported,
                 "the network computes nothing: its output is its input");
    }
    if (!std::holds_alternative<CircuitReduce>(result_.circuit.nodes[node].op) ||
        node + 1 != result_.circuit.nodes.size()) {
      push(CircuitReduce{node}, layer_, count(node));
    }
  }

  const ArithmeticNetwork& network_;
  std::vector<std::vector<std::size_t>> consumers_;
  std::vector<Mapped> mapped_;
  std::vector<std::uint32_t> new_index_;
  std::map<NodeId, NodeId> reduced_;
  std::vector<unsigned> parts_{};
  std::string layer_;
  BuiltCircuit result_;
};

}  // namespace

BuiltCircuit build_circuit(const ArithmeticNetwork& network) { return Builder(network).run(); }

}  // namespace serdab::compiler
