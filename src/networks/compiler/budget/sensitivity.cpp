#include <algorithm>
#include <cmath>
#include <random>

#include "engine/base/threads.h"
#include "networks/compiler/budget/solver.h"
#include "networks/program/noise.h"

namespace serdab::compiler {
namespace {

using program::Bundle;

// Random combinations of the answers, over all passes and images: their average is good to some
// tenth.
constexpr std::size_t kCombinations = 64;
constexpr std::size_t kMaxImages = 64;
// Numbers of all nodes that are kept at once, 1 GiB.
constexpr std::size_t kMaxNumbers = std::size_t{1} << 27;

std::size_t rows_of(const Circuit& circuit, NodeId id) {
  return std::size_t{circuit.nodes[id].count} * circuit.positions;
}

// Derivatives of random combinations of the answers by every node's rows, backwards through the
// circuit: one combination with signs ±1 an image. The mean square of a combination's derivative is
// the sum over the answers of theirs.
class Backward {
 public:
  Backward(const Circuit& circuit, const NodeStatistics& statistics, const std::vector<Bundle>& x,
           Sensitivity& sum)
      : circuit_(circuit), statistics_(statistics), x_(x), sum_(sum), by_(circuit.nodes.size()) {}

  void run(std::mt19937_64& random) {
    const std::size_t outputs =
        circuit_.answer_rows.empty() ? rows_of(circuit_, answer()) : circuit_.answer_rows.size();
    Bundle& start = gradient(answer());
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t i = 0; i < batch(); ++i) {
        start.row(circuit_.answer_row(o))[i] = (random() & 1) != 0 ? 1 : -1;
      }
    }
    for (NodeId id = answer() + 1; id-- > 0;) {
      if (by_[id].data.empty()) continue;
      id_ = id;
      record();
      std::visit([&](const auto& op) { back(op); }, circuit_.nodes[id].op);
      by_[id] = Bundle();
    }
  }

 private:
  NodeId answer() const { return static_cast<NodeId>(circuit_.nodes.size() - 1); }
  std::size_t batch() const { return x_.front().batch; }

  Bundle& gradient(NodeId id) {
    if (by_[id].data.empty()) by_[id] = Bundle(rows_of(circuit_, id), batch());
    return by_[id];
  }

  // Of independent noise on all rows.
  void record() {
    double squares = 0;
    for (const double g : by_[id_].data) squares += g * g;
    sum_.value[id_] += squares / static_cast<double>(batch());
  }

  template <typename F>
  void add(NodeId to, const F& f) {
    Bundle& target = gradient(to);
    const Bundle& from = by_[id_];
    base::parallel_for(from.count, [&](std::size_t r) {
      for (std::size_t i = 0; i < batch(); ++i) target.row(r)[i] += f(r, i) * from.row(r)[i];
    });
  }

  void back(const CircuitInput&) {}
  void back(const CircuitReduce& op) {
    add(op.from, [](std::size_t, std::size_t) { return 1.0; });
  }
  void back(const CircuitAddConstant& op) {
    add(op.from, [](std::size_t, std::size_t) { return 1.0; });
  }
  void back(const CircuitSquare& op) {
    add(op.from, [&](std::size_t r, std::size_t i) { return 2 * x_[op.from].row(r)[i]; });
  }
  void back(const CircuitMultiply& op) {
    add(op.a, [&](std::size_t r, std::size_t i) { return x_[op.b].row(r)[i]; });
    add(op.b, [&](std::size_t r, std::size_t i) { return x_[op.a].row(r)[i]; });
  }
  void back(const CircuitAddScaled& op) {
    add(op.from, [](std::size_t, std::size_t) { return 1.0; });
    add(op.addend,
        [&](std::size_t r, std::size_t) { return op.factors[op.factors.size() == 1 ? 0 : r]; });
  }

  void back(const CircuitRotateSum& op) {
    Bundle& target = gradient(op.from);
    Bundle sum = by_[id_];
    const std::size_t positions = circuit_.positions;
    for (auto shift = op.shifts.rbegin(); shift != op.shifts.rend(); ++shift) {
      const Bundle before = sum;
      base::parallel_for(sum.count, [&](std::size_t r) {
        const std::size_t begin = r - r % positions;
        const double* from = before.row(begin + (r % positions + positions - *shift) % positions);
        for (std::size_t i = 0; i < batch(); ++i) sum.row(r)[i] += from[i];
      });
    }
    for (std::size_t at = 0; at < sum.data.size(); ++at) target.data[at] += sum.data[at];
  }

  void back(const CircuitTransform& op) {
    if (op.plus) add(*op.plus, [](std::size_t, std::size_t) { return 1.0; });
    Bundle& target = gradient(op.from);
    const std::size_t positions = circuit_.positions;
    // Each task writes rows of its own.
    const std::size_t chunk = std::max<std::size_t>(1, positions / 16);
    const std::size_t chunks = positions / chunk;
    base::parallel_for(op.map.inputs * chunks, [&](std::size_t task) {
      const std::size_t input = task / chunks;
      const std::size_t begin = task % chunks * chunk;
      for (const packing::SlotDiagonal& d : op.map.diagonals) {
        if (d.input != input) continue;
        // Rows begin … begin + chunk of the input are read from positions that far less the shift.
        const std::size_t first = (begin + positions - d.shift % positions) % positions;
        back_part(d, op.map.period(), first, std::min(first + chunk, positions), target);
        if (first + chunk > positions) {
          back_part(d, op.map.period(), 0, first + chunk - positions, target);
        }
      }
    });
  }

  void back_part(const packing::SlotDiagonal& d, std::size_t period, std::size_t begin,
                 std::size_t end, Bundle& target) const {
    const std::size_t positions = circuit_.positions;
    for (std::size_t repeat = begin / period * period; repeat < end; repeat += period) {
      auto at = std::lower_bound(d.positions.begin(), d.positions.end(),
                                 begin > repeat ? begin - repeat : 0);
      for (; at != d.positions.end() && repeat + *at < end; ++at) {
        const double weight = d.weights[static_cast<std::size_t>(at - d.positions.begin())];
        const double* from = by_[id_].row(d.output * positions + repeat + *at);
        double* to = target.row(d.input * positions + (repeat + *at + d.shift) % positions);
        for (std::size_t i = 0; i < batch(); ++i) to[i] += weight * from[i];
      }
    }
  }

  void back(const CircuitAffine& op) {
    double squares = 0;
    for (const RealTerm& term : op.terms) {
      if (!is_plain_sum(op)) squares += weight_squares(term);
      Bundle& target = gradient(term.from);
      for (const packing::Block& block : term.map.blocks) {
        const packing::DenseMatrix& matrix = term.map.matrices[block.matrix];
        base::parallel_for(matrix.cols, [&](std::size_t k) {
          double* to = target.row(block.inputs[k]);
          for (std::size_t r = 0; r < matrix.rows; ++r) {
            const double weight = matrix.values[r * matrix.cols + k];
            if (weight == 0) continue;
            const double* from = by_[id_].row(block.outputs[r]);
            for (std::size_t i = 0; i < batch(); ++i) to[i] += weight * from[i];
          }
        });
      }
    }
    // Rounding errors are uniform within a step.
    sum_.weight[id_] += squares / 12 / static_cast<double>(batch());
  }

  // The derivatives by every weight, squared and summed: blocks that share a matrix share its
  // rounding, and emission takes back the mean of what it changes.
  double weight_squares(const RealTerm& term) const {
    std::vector<std::vector<const packing::Block*>> sharing(term.map.matrices.size());
    for (const packing::Block& block : term.map.blocks) sharing[block.matrix].push_back(&block);
    double total = 0;
    for (std::size_t m = 0; m < sharing.size(); ++m) {
      const packing::DenseMatrix& matrix = term.map.matrices[m];
      std::vector<double> squares(matrix.rows);
      base::parallel_for(matrix.rows, [&](std::size_t r) {
        std::vector<double> by(batch());
        for (std::size_t k = 0; k < matrix.cols; ++k) {
          if (matrix.values[r * matrix.cols + k] == 0) continue;
          std::fill(by.begin(), by.end(), 0.0);
          for (const packing::Block* block : sharing[m]) {
            const double* g = by_[id_].row(block->outputs[r]);
            const double* x = x_[term.from].row(block->inputs[k]);
            const double mean = statistics_.mean[term.from][block->inputs[k]];
            for (std::size_t i = 0; i < batch(); ++i) by[i] += g[i] * (x[i] - mean);
          }
          for (const double v : by) squares[r] += v * v;
        }
      });
      for (const double s : squares) total += s;
    }
    return total;
  }

  const Circuit& circuit_;
  const NodeStatistics& statistics_;
  const std::vector<Bundle>& x_;
  Sensitivity& sum_;
  std::vector<Bundle> by_;
  NodeId id_ = 0;
};

}  // namespace

Sensitivity measure_sensitivity(const Circuit& circuit, const NodeStatistics& statistics,
                                const Bundle& calibration, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const std::size_t nodes = circuit.nodes.size();
  std::size_t rows = 0;
  for (NodeId id = 0; id < nodes; ++id) rows += rows_of(circuit, id);
  const std::size_t images = std::clamp<std::size_t>(kMaxNumbers / std::max<std::size_t>(1, rows),
                                                     1, std::min(kMaxImages, calibration.batch));

  const Emitted ideal = emit_ideal(circuit);
  std::vector<std::vector<NodeId>> nodes_of_value(ideal.program.values.size());
  for (NodeId id = 0; id < nodes; ++id) nodes_of_value[ideal.value_of_node[id]].push_back(id);
  std::vector<Bundle> values(nodes);
  program::run_reference(ideal.program, calibration.first(images),
                         [&](program::ValueId value, Bundle& bundle) {
                           for (const NodeId id : nodes_of_value[value]) values[id] = bundle;
                         });

  Sensitivity result;
  result.value.resize(nodes);
  result.weight.resize(nodes);
  const std::size_t passes = (kCombinations + images - 1) / images;
  for (std::size_t pass = 0; pass < passes; ++pass) {
    Backward(circuit, statistics, values, result).run(random);
  }
  const std::size_t outputs = circuit.answer_rows.empty()
                                  ? rows_of(circuit, static_cast<NodeId>(nodes - 1))
                                  : circuit.answer_rows.size();
  const auto mean_root = [&](double sum) {
    return std::sqrt(sum / static_cast<double>(passes * outputs));
  };
  for (NodeId id = 0; id < nodes; ++id) {
    result.value[id] = mean_root(result.value[id]);
    result.weight[id] = mean_root(result.weight[id]);
    const auto* transform = std::get_if<CircuitTransform>(&circuit.nodes[id].op);
    if (transform == nullptr || transform->plus) continue;
    const auto& emitted =
        std::get<program::Transform>(ideal.program.values[ideal.value_of_node[id]].op);
    result.weight[id] =
        result.value[id] * std::sqrt(program::met_square(emitted, circuit.positions,
                                                         statistics.row_square[transform->from]));
  }
  return result;
}

}  // namespace serdab::compiler
