#include "networks/training/lower/lower_p3.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cmath>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/overloaded.h"
#include "networks/training/lower/internal/axes.h"

namespace serdab::training {
namespace {

using packing::CircuitNodeId;

// How the numbers of a vector stand in the slots.
enum class Form : std::uint8_t {
  kLanded,  ///< at one place of the other axis; garbage at the others
  kPlaced,  ///< the same, zeros at the others
  kCopied,  ///< at every place of the other axis
};

class Lowering {
 public:
  Lowering(const StepGraph& step, std::size_t samples, std::uint32_t positions)
      : step_(step),
        samples_(samples),
        axes_(assign_axes(step)),
        shape_(alternating_shape(step, samples, positions)) {
    out_.circuit.positions = positions;
  }

  LoweredStep run() {
    for (const StepOutput& output : step_.outputs) {
      out_.circuit.label = step_.nodes[output.node].label;
      const CircuitNodeId node = matrix(output.node);
      const std::string port = port_of(output.name);
      if (written_.insert(port).second) out_.circuit.output(port, node);
      add_place(output.name, port, matrix_layout(output.node));
    }
    return std::move(out_);
  }

 private:
  bool merged() const { return shape_.blocks == 2; }
  std::uint32_t block_size() const { return shape_.outer * shape_.inner; }
  std::uint32_t sample_size() const { return shape_.blocks * block_size(); }

  // Tensors v1 and v2 share the port "v".
  std::string port_of(const std::string& tensor) const {
    if (!merged()) return tensor;
    std::string port = tensor;
    while (!port.empty() && std::isdigit(static_cast<unsigned char>(port.back())) != 0) {
      port.pop_back();
    }
    return port.empty() ? tensor : port;
  }

  // ---- Where things stand ----

  std::uint32_t layer_block(std::size_t layer) const {
    return merged() ? static_cast<std::uint32_t>(layer) : 0;
  }
  // The first layer's data stand one unit further in, so that the sum over them, taken from there
  // backwards, lands at the first unit of the next block.
  std::uint32_t outer_offset(std::uint32_t block) const { return merged() && block == 0 ? 1 : 0; }
  std::uint32_t slot(std::uint32_t b, std::uint32_t block, std::uint32_t u, std::uint32_t i) const {
    return b * sample_size() + block * block_size() + u * shape_.inner + i;
  }

  // Calls f(row, sample, unit) for every row where a vector's number stands.
  template <typename F>
  void for_each_row(StepNodeId id, Form form, std::uint32_t block, const F& f) const {
    const bool is_outer = outer(id);
    const std::uint32_t places = repeats(id) ? shape_.repeated : 0;
    const auto units = static_cast<std::uint32_t>(step_.shape(id).rows);
    const std::uint32_t copies = form == Form::kPlaced ? 1 : is_outer ? shape_.inner : shape_.outer;
    for (std::size_t sample = 0; sample < samples_; ++sample) {
      const auto ciphertext = static_cast<std::uint32_t>(sample / shape_.samples_each);
      const auto b = static_cast<std::uint32_t>(sample % shape_.samples_each);
      for (std::uint32_t place = 0; place < std::max(units, places); ++place) {
        const std::uint32_t unit = place % units;
        for (std::uint32_t copy = 0; copy < copies; ++copy) {
          std::uint32_t at;
          if (is_outer) {
            at = slot(b, block, outer_offset(block) + place, copy);
          } else if (form == Form::kPlaced) {
            at = slot(b, merged() ? 1 : 0, 0, unit);  // where sums land, of both blocks
          } else {
            at = slot(b, block, copy, unit) + outer_offset(block) * shape_.inner;
          }
          f(ciphertext * out_.circuit.positions + at, sample, unit);
        }
      }
    }
  }

  // `value` where the vector's numbers stand, 0 elsewhere: one vector if all ciphertexts are alike.
  std::vector<double> pattern(StepNodeId id, Form form, std::uint32_t block, double value,
                              std::optional<std::uint32_t> only_unit = {}) const {
    std::vector<double> rows(std::size_t{out_.circuit.positions} * shape_.ciphertexts);
    for_each_row(id, form, block, [&](std::uint32_t row, std::size_t, std::uint32_t unit) {
      if (!only_unit || unit == *only_unit) rows[row] = value;
    });
    if (samples_ % shape_.samples_each == 0) rows.resize(out_.circuit.positions);
    return rows;
  }

  packing::SlotLayout vector_layout(StepNodeId id, Form form, std::uint32_t block) const {
    std::vector<std::vector<std::uint32_t>> rows(samples_ * step_.shape(id).rows);
    for_each_row(id, form, block, [&](std::uint32_t row, std::size_t sample, std::uint32_t unit) {
      rows[sample * step_.shape(id).rows + unit].push_back(row);
    });
    return layout_of_rows(rows, shape_.ciphertexts);
  }

  // Data of the first layer, where they repeat.
  bool repeats(StepNodeId id) const { return shape_.period != 0 && axes_.depth[id] == 0; }

  packing::SlotLayout matrix_layout(StepNodeId id) const {
    const auto [rows, cols] = step_.shape(id);
    const std::size_t layer = axes_.layer.at(id);
    const std::uint32_t block = layer_block(layer);
    const bool outer_in = layer % 2 == 0;
    std::vector<std::vector<std::uint32_t>> places(rows * cols);
    for (std::uint32_t r = 0; r < rows; ++r) {
      for (std::uint32_t c = 0; c < cols; ++c) {
        const auto u = static_cast<std::uint32_t>(outer_in ? c : r);
        const bool repeated = layer == 0 && shape_.period != 0;
        for (std::uint32_t b = 0; b < shape_.samples_each; ++b) {
          for (std::uint32_t at = u; at < (repeated ? shape_.repeated : u + 1); at += cols) {
            places[r * cols + c].push_back(
                slot(b, block, at + outer_offset(block), outer_in ? r : c));
          }
        }
      }
    }
    return layout_of_rows(places, 1);
  }

  packing::SlotLayout layout_of_rows(const std::vector<std::vector<std::uint32_t>>& rows,
                                     std::uint32_t ciphertexts) const {
    packing::SlotLayout layout;
    layout.positions = out_.circuit.positions;
    layout.ciphertexts = ciphertexts;
    for (const auto& of_element : rows) {
      layout.rows.insert(layout.rows.end(), of_element.begin(), of_element.end());
      layout.first.push_back(static_cast<std::uint32_t>(layout.rows.size()));
    }
    return layout;
  }

  void add_place(const std::string& tensor, const std::string& port, packing::SlotLayout layout) {
    out_.places.insert_or_assign(tensor, TensorPlace{port, std::move(layout)});
  }

  CircuitNodeId input(const std::string& port, std::uint32_t count) {
    const auto at = inputs_.find(port);
    if (at != inputs_.end()) return at->second;
    return inputs_[port] = out_.circuit.input(port, count);
  }

  // ---- Vectors ----

  // The vector in a form, for readers in a block. What the forms share is made once.
  CircuitNodeId vector(StepNodeId id, Form form, std::uint32_t block) {
    if (form == Form::kPlaced) block = 0;  // sums land in one place
    const auto key = std::tuple(id, form, block);
    if (const auto at = vectors_.find(key); at != vectors_.end()) return at->second;
    const std::string label = std::exchange(out_.circuit.label, step_.nodes[id].label);
    const CircuitNodeId made =
        std::visit([&](const auto& op) { return make(op, id, form, block); }, step_.nodes[id].op);
    out_.circuit.label = label;
    return vectors_[key] = made;
  }

  CircuitNodeId copied(CircuitNodeId placed, StepNodeId id, std::uint32_t block) {
    if (outer(id)) {
      return out_.circuit.rotate_sum(placed, packing::axis_shifts(shape_.inner, -1));
    }
    // From the first unit of the second block backwards into the first, else forwards.
    const bool backwards = merged() && block == 0;
    const std::int64_t stride = backwards ? shape_.inner : -std::int64_t{shape_.inner};
    return out_.circuit.rotate_sum(placed, packing::axis_shifts(shape_.outer, stride));
  }

  // Data stand in the form that is asked for first.
  CircuitNodeId make(const GivenOp& op, StepNodeId id, Form form, std::uint32_t block) {
    if (form == Form::kLanded) form = Form::kPlaced;
    const auto [at, fresh] = given_forms_.try_emplace(id, form, block);
    if (fresh) {
      add_place(op.name, op.name, vector_layout(id, form, place_block(id, form, block)));
      return input(op.name, shape_.ciphertexts);
    }
    const auto [before, before_block] = at->second;
    const CircuitNodeId there = vector(id, before, before_block);
    if (form == Form::kPlaced) return placed(there, id);
    return copied(before == Form::kPlaced ? there : vector(id, Form::kPlaced, block), id, block);
  }

  CircuitNodeId placed(CircuitNodeId node, StepNodeId id) {
    return out_.circuit.mask(node, pattern(id, Form::kPlaced, block_of(id), 1));
  }

  // A product with a matrix over one of its axes; `landed` in the block where sums land.
  CircuitNodeId contract(StepNodeId matrix_id, StepNodeId vector_id, Form form, StepNodeId id,
                         std::uint32_t block) {
    const bool repeated = repeats(vector_id);
    if (form != Form::kLanded) {
      // Sums over repeated data end at every place that is read; other places hold garbage.
      if (repeated && form == Form::kCopied) return vector(id, Form::kLanded, 0);
      return form == Form::kPlaced ? placed(vector(id, Form::kLanded, block), id)
                                   : copied(vector(id, Form::kPlaced, block), id, block);
    }
    if (block != 0) return vector(id, Form::kLanded, 0);
    const std::uint32_t at = layer_block(axes_.layer.at(matrix_id));
    const CircuitNodeId product =
        out_.circuit.multiply(matrix(matrix_id), vector(vector_id, Form::kCopied, at));
    const auto units = static_cast<std::uint32_t>(step_.shape(vector_id).rows);
    if (outer(id))
      return out_.circuit.rotate_sum(product, packing::axis_shifts(std::bit_ceil(units), 1));
    const std::int64_t inner = shape_.inner;
    if (repeated) {
      return merged() ? window(product, units, -inner, shape_.outer - units)
                      : window(product, units, inner, 0);
    }
    // In the first of two blocks the whole axis, backwards: it ends where the second begins.
    const bool backwards = merged() && at == 0;
    return out_.circuit.rotate_sum(
        product, packing::axis_shifts(backwards ? shape_.outer : std::bit_ceil(units),
                                      backwards ? -inner : inner));
  }

  // Σ x[p + stride·(offset + j)] over j < length: sums of powers of two, moved to their places.
  CircuitNodeId window(CircuitNodeId x, std::uint32_t length, std::int64_t stride,
                       std::uint32_t offset) {
    std::vector<packing::CombineTerm> terms;
    std::uint32_t done = 0;
    std::vector<CircuitNodeId> sums{x};
    for (std::uint32_t size = 1; 2 * size <= length; size *= 2) {
      sums.push_back(
          out_.circuit.rotate_sum(sums.back(), {static_cast<std::int32_t>(size * stride)}));
    }
    for (std::size_t bit = sums.size(); bit-- > 0;) {
      if ((length >> bit & 1) == 0) continue;
      const auto shift = static_cast<std::int32_t>((offset + done) * stride);
      // Rotated: the sum with itself rotated, less itself.
      terms.push_back({shift == 0 ? sums[bit] : out_.circuit.rotate_sum(sums[bit], {shift}), 1});
      if (shift != 0) terms.push_back({sums[bit], -1});
      done += 1u << bit;
    }
    return terms.size() == 1 ? terms[0].from : out_.circuit.combine(std::move(terms));
  }

  CircuitNodeId make(const MatVecOp& op, StepNodeId id, Form form, std::uint32_t block) {
    return contract(op.matrix, op.vector, form, id, block);
  }
  CircuitNodeId make(const MatVecTransposedOp& op, StepNodeId id, Form form, std::uint32_t block) {
    return contract(op.matrix, op.vector, form, id, block);
  }

  // x + shift in a form.
  CircuitNodeId shifted(StepNodeId from, double shift, Form form, std::uint32_t block) {
    if (form == Form::kPlaced) block = 0;
    const auto key = std::tuple(from, shift, form, block);
    if (const auto at = shifted_.find(key); at != shifted_.end()) return at->second;
    return shifted_[key] = offset(vector(from, form, block), from, form, block, shift);
  }

  CircuitNodeId make(const PolynomialOp& op, StepNodeId, Form form, std::uint32_t block) {
    if (form == Form::kLanded) form = Form::kPlaced;
    const std::vector<double>& c = op.coefficients;
    // Sums and factors of one shifted argument, so that a polynomial and its derivative share it.
    if (c.size() == 2) return times(shifted(op.from, c[0] / c[1], form, block), c[1]);
    if (c.size() == 3) {
      const double shift = c[1] / (2 * c[2]);
      const CircuitNodeId square = square_of(shifted(op.from, shift, form, block));
      return offset(times(square, c[2]), op.from, form, block, c[0] - c[2] * shift * shift);
    }
    // c3·y³ + linear·y + constant.
    const double shift = c[2] / (3 * c[3]);
    const double linear = c[1] - 3 * c[3] * shift * shift;
    const double constant = c[0] - c[1] * shift + 2 * c[3] * shift * shift * shift;
    const CircuitNodeId y = shifted(op.from, shift, form, block);
    const CircuitNodeId inner = offset(times(square_of(y), c[3]), op.from, form, block, linear);
    return offset(out_.circuit.multiply(y, inner), op.from, form, block, constant);
  }

  CircuitNodeId square_of(CircuitNodeId y) {
    const auto at = squares_.find(y);
    return at != squares_.end() ? at->second : squares_[y] = out_.circuit.square(y);
  }
  CircuitNodeId times(CircuitNodeId node, double factor) {
    if (factor < 0) node = out_.circuit.combine({{node, -1}});
    return std::abs(factor) == 1 ? node : out_.circuit.scaled(node, std::abs(factor));
  }
  // Plus a constant where the numbers of `like` stand.
  CircuitNodeId offset(CircuitNodeId node, StepNodeId like, Form form, std::uint32_t block,
                       double constant) {
    if (constant == 0) return node;
    return out_.circuit.offset(node, pattern(like, form, place_block(like, form, block), constant));
  }

  CircuitNodeId make(const HadamardOp& op, StepNodeId id, Form form, std::uint32_t block) {
    if (form == Form::kCopied && (lands(op.a) || lands(op.b))) {
      return copied(vector(id, Form::kPlaced, block), id, block);
    }
    if (form == Form::kCopied) {
      return out_.circuit.multiply(vector(op.a, form, block), vector(op.b, form, block));
    }
    // One factor without its mask.
    const bool first = lands(op.a);
    return out_.circuit.multiply(
        vector(op.a, first ? Form::kLanded : Form::kPlaced, block),
        vector(op.b, first || !lands(op.b) ? Form::kPlaced : Form::kLanded, block));
  }

  CircuitNodeId make(const WeightedSumOp& op, StepNodeId, Form form, std::uint32_t block) {
    if (form == Form::kLanded) form = Form::kPlaced;
    std::vector<packing::CombineTerm> terms;
    for (const WeightedTerm& term : op.terms) {
      terms.push_back({vector(term.from, form, block), term.factor});
    }
    return out_.circuit.combine(std::move(terms));
  }

  CircuitNodeId make(const ScaleOp& op, StepNodeId, Form form, std::uint32_t block) {
    return out_.circuit.scaled(vector(op.from, form, block), op.factor);
  }

  CircuitNodeId make(const AppendOneOp& op, StepNodeId id, Form form, std::uint32_t block) {
    if (form == Form::kLanded) form = Form::kPlaced;
    const CircuitNodeId x = vector(op.from, form, block);
    const auto last = static_cast<std::uint32_t>(step_.shape(id).rows - 1);
    return out_.circuit.offset(x, pattern(id, form, place_block(id, form, block), 1, last));
  }

  CircuitNodeId make(const DropLastOp& op, StepNodeId id, Form form, std::uint32_t block) {
    if (lands(op.from)) {
      const CircuitNodeId landed = vector(op.from, Form::kLanded, block);
      if (form == Form::kLanded) return landed;
      return form == Form::kPlaced ? placed(landed, id)
                                   : copied(vector(id, Form::kPlaced, block), id, block);
    }
    return out_.circuit.mask(vector(op.from, form, block),
                             pattern(id, form, place_block(id, form, block), 1));
  }

  template <typename Op>
  CircuitNodeId make(const Op&, StepNodeId, Form, std::uint32_t) {
    base::fail(base::ErrorCode::kUnsupported, "training: a matrix stands where a vector should");
  }

  // Whether the vector comes from a sum over an axis, unmasked.
  bool lands(StepNodeId id) const {
    const StepOp& op = step_.nodes[id].op;
    if (const auto* drop = std::get_if<DropLastOp>(&op)) return lands(drop->from);
    if (const auto* scale = std::get_if<ScaleOp>(&op)) return lands(scale->from);
    return std::holds_alternative<MatVecOp>(op) || std::holds_alternative<MatVecTransposedOp>(op);
  }

  // Block in which a vector of the outer axis stands.
  std::uint32_t block_of(StepNodeId id) const {
    return axes_.depth[id] == 0 ? 0 : layer_block(axes_.depth[id] - 1);
  }
  /// Of even depth.
  bool outer(StepNodeId id) const { return axes_.depth[id] % 2 == 0; }
  std::uint32_t place_block(StepNodeId id, Form form, std::uint32_t block) const {
    return outer(id) ? block_of(id) : form == Form::kPlaced ? 0 : block;
  }

  // ---- Matrices ----

  // Layers that share ciphertexts share their matrix nodes too: nodes of one signature are one.
  std::string signature(StepNodeId id) const {
    const StepNode& node = step_.nodes[id];
    std::string text = std::visit(
        base::Overloaded{
            [&](const GivenOp& op) { return "given " + port_of(op.name); },
            [&](const OuterOp&) {
              return merged() ? std::string("outer") : "outer " + std::to_string(id);
            },
            [&](const ScaleOp& op) {
              return "scale " + std::to_string(std::bit_cast<std::uint64_t>(op.factor)) + " (" +
                     signature(op.from) + ")";
            },
            [&](const WeightedSumOp& op) {
              std::string sum = "sum";
              for (const WeightedTerm& term : op.terms) {
                sum += " " + std::to_string(term.factor) + " (" + signature(term.from) + ")";
              }
              return sum;
            },
            [&](const auto&) -> std::string {
              base::fail(base::ErrorCode::kUnsupported,
                         "training: a vector stands where a matrix should");
            },
        },
        node.op);
    return text;
  }

  CircuitNodeId matrix(StepNodeId id) {
    const std::string key = signature(id);
    if (const auto* given = std::get_if<GivenOp>(&step_.nodes[id].op)) {
      add_place(given->name, port_of(given->name), matrix_layout(id));
    }
    if (const auto at = matrices_.find(key); at != matrices_.end()) return at->second;
    const CircuitNodeId made = std::visit(
        base::Overloaded{
            [&](const GivenOp& op) { return input(port_of(op.name), 1); },
            [&](const OuterOp&) { return gradient(id); },
            [&](const ScaleOp& op) { return out_.circuit.scaled(matrix(op.from), op.factor); },
            [&](const WeightedSumOp& op) {
              std::vector<packing::CombineTerm> terms;
              for (const WeightedTerm& term : op.terms) {
                terms.push_back({matrix(term.from), term.factor});
              }
              return out_.circuit.combine(std::move(terms));
            },
            [&](const auto&) -> CircuitNodeId { return 0; },  // signature() has refused it
        },
        step_.nodes[id].op);
    return matrices_[key] = made;
  }

  // Outer products, summed over the samples of all ciphertexts; of both layers if they share them.
  CircuitNodeId gradient(StepNodeId id) {
    std::vector<packing::CombineTerm> sums;
    for (StepNodeId other = 0; other < step_.nodes.size(); ++other) {
      const auto* outer = std::get_if<OuterOp>(&step_.nodes[other].op);
      if (outer == nullptr || (other != id && !merged())) continue;
      const std::string label = std::exchange(out_.circuit.label, step_.nodes[other].label);
      const std::uint32_t block = layer_block(axes_.layer.at(other));
      const CircuitNodeId left = vector(outer->left, Form::kCopied, block);
      const CircuitNodeId right = vector(outer->right, Form::kCopied, block);
      std::vector<packing::ProductTerm> terms;
      for (std::uint32_t c = 0; c < shape_.ciphertexts; ++c) terms.push_back({c, c, 0});
      sums.push_back({out_.circuit.products(left, right, std::move(terms)), 1});
      out_.circuit.label = label;
    }
    const CircuitNodeId sum =
        sums.size() == 1 ? sums[0].from : out_.circuit.combine(std::move(sums));
    return out_.circuit.rotate_sum(sum, packing::axis_shifts(shape_.samples_each, sample_size()));
  }

  const StepGraph& step_;
  std::size_t samples_;
  Axes axes_;
  AlternatingShape shape_;
  LoweredStep out_;
  std::map<std::string, CircuitNodeId> inputs_;
  std::map<StepNodeId, std::pair<Form, std::uint32_t>> given_forms_;
  std::map<std::tuple<StepNodeId, Form, std::uint32_t>, CircuitNodeId> vectors_;
  std::map<std::tuple<StepNodeId, double, Form, std::uint32_t>, CircuitNodeId> shifted_;
  std::map<CircuitNodeId, CircuitNodeId> squares_;
  std::map<std::string, CircuitNodeId> matrices_;
  std::set<std::string> written_;
};

}  // namespace

LoweredStep lower_p3(const StepGraph& step, std::size_t samples, std::uint32_t positions) {
  return Lowering(step, samples, positions).run();
}

}  // namespace serdab::training
