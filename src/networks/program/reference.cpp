#include "networks/program/reference.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace serdab::program {
namespace {

// The constant as the encrypted run adds it: an integer multiple of 1/scale. Above 2^53 every
// double is an integer already.
double rounded(double constant, base::Scale scale) {
  return std::nearbyint(constant * scale.value) / scale.value;
}

class Interpreter {
 public:
  Interpreter(const Program& program, const Observer& observer)
      : program_(program), observer_(observer), values_(program.values.size()) {
    last_use_.assign(program.values.size(), 0);
    for (ValueId id = 0; id < program.values.size(); ++id) {
      for (ValueId operand : operands(program.values[id].op)) last_use_[operand] = id;
    }
    for (const ValueId id : outputs_of(program)) {
      last_use_[id] = static_cast<ValueId>(program.values.size());
    }
    last_use_.back() = static_cast<ValueId>(program.values.size());
  }

  /// An input's rows: before run().
  void give(ValueId id, Bundle&& input) {
    const Value& value = program_.values[id];
    if (input.count != rows(value) || input.data.size() != input.count * input.batch) {
      base::fail(base::ErrorCode::kMismatch, "the program takes " + std::to_string(rows(value)) +
                                                 " numbers an image, the input has " +
                                                 std::to_string(input.count));
    }
    if (id != 0 && input.batch != batch_) {
      base::fail(base::ErrorCode::kMismatch, "the program's inputs are of different batches");
    }
    batch_ = input.batch;
    values_[id] = std::move(input);
  }

  void run() {
    for (ValueId id = 0; id < program_.values.size(); ++id) {
      const Value& value = program_.values[id];
      id_ = id;
      if (!std::holds_alternative<Input>(value.op)) {
        values_[id] = std::visit([&](const auto& op) { return evaluate(op, value); }, value.op);
      }
      if (observer_) observer_(id, values_[id]);
      for (ValueId operand : operands(value.op)) {
        if (last_use_[operand] == id) values_[operand] = Bundle();
      }
    }
  }

  /// Of the last value or an output; after run().
  const Bundle& result(ValueId id) const { return values_[id]; }
  Bundle take_answer() { return std::move(values_.back()); }

 private:
  Bundle evaluate(const Input&, const Value&) { return Bundle(); }

  std::size_t rows(const Value& value) const {
    return std::size_t{value.count} * program_.positions;
  }

  Bundle evaluate(const Affine& op, const Value& value) {
    Bundle out(value.count, batch_);
    base::parallel_for(value.count, [&](std::size_t i) {
      std::fill_n(out.row(i), batch_, rounded(op.bias[i], value.scale));
    });
    for (const AffineTerm& term : op.terms) {
      const Bundle& in = values_[term.from];
      const double unit = program_.values[term.from].scale.value / value.scale.value;
      base::parallel_for(term.blocks.size(), [&](std::size_t b) {
        accumulate(term.matrices[term.blocks[b].matrix], term.blocks[b], unit, in, out);
      });
    }
    return out;
  }

  // Some rows and images at a time, so that their sums stay in registers; what they read is brought
  // side by side first.
  static constexpr std::size_t kRows = 3, kLanes = 4, kPanel = 8;

  void accumulate(const WeightMatrix& matrix, const Block& block, double unit, const Bundle& in,
                  Bundle& out) const {
    std::vector<double> weights(matrix.weights.size());
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = matrix.weights[i] * unit;
    std::vector<double> panel(matrix.cols * kPanel);
    for (std::size_t image = 0; image < batch_; image += kPanel) {
      const std::size_t images = std::min(kPanel, batch_ - image);
      for (std::size_t k = 0; k < matrix.cols; ++k) {
        std::copy_n(in.row(block.inputs[k]) + image, images, panel.data() + k * kPanel);
      }
      for (std::size_t i = 0; i < images; i += kLanes) {
        std::size_t r = 0;
        for (; r + kRows <= matrix.rows; r += kRows) {
          accumulate<kRows>(weights, block, r, panel.data() + i, image + i, out);
        }
        for (; r < matrix.rows; ++r) {
          accumulate<1>(weights, block, r, panel.data() + i, image + i, out);
        }
      }
    }
  }

  template <std::size_t kSums>
  void accumulate(const std::vector<double>& weights, const Block& block, std::size_t row,
                  const double* panel, std::size_t image, Bundle& out) const {
    const std::size_t cols = block.inputs.size();
    const std::size_t images = std::min(kLanes, batch_ - image);
    double sums[kSums][kLanes] = {};
    for (std::size_t r = 0; r < kSums; ++r) {
      std::copy_n(out.row(block.outputs[row + r]) + image, images, sums[r]);
    }
    const double* weight = weights.data() + row * cols;
    for (std::size_t k = 0; k < cols; ++k) {
      const double* source = panel + k * kPanel;
      for (std::size_t r = 0; r < kSums; ++r) {
        const double w = weight[r * cols + k];
        for (std::size_t i = 0; i < kLanes; ++i) sums[r][i] += w * source[i];
      }
    }
    for (std::size_t r = 0; r < kSums; ++r) {
      std::copy_n(sums[r], images, out.row(block.outputs[row + r]) + image);
    }
  }

  template <typename F>
  Bundle map(const Value& value, const F& f) {
    Bundle out(rows(value), batch_);
    base::parallel_for(out.count, [&](std::size_t i) {
      for (std::size_t j = 0; j < batch_; ++j) out.row(i)[j] = f(i, i * batch_ + j);
    });
    return out;
  }

  Bundle evaluate(const Transform& op, const Value& value) {
    const Bundle& in = values_[op.from];
    Bundle out(rows(value), batch_);
    std::vector<std::vector<const Diagonal*>> of_output(value.count);
    for (const Diagonal& diagonal : op.diagonals) of_output[diagonal.output].push_back(&diagonal);
    // Some positions of one output a task.
    const std::size_t positions = program_.positions;
    const std::size_t period = positions / op.repeats;
    const std::size_t chunk = std::max<std::size_t>(1, std::min(period, positions / 16));
    const std::size_t chunks = positions / chunk;
    base::parallel_for(value.count * chunks, [&](std::size_t task) {
      const std::size_t output = task / chunks;
      const std::size_t repeat = task % chunks * chunk / period * period;
      const auto begin = static_cast<std::uint32_t>(task % chunks * chunk - repeat);
      for (const Diagonal* d : of_output[output]) {
        const std::size_t shift = std::size_t{op.babies[d->baby].shift} + op.giants[d->giant].shift;
        const auto first = std::lower_bound(d->positions.begin(), d->positions.end(), begin);
        for (auto at = first; at != d->positions.end() && *at < begin + chunk; ++at) {
          const double weight = d->weights[static_cast<std::size_t>(at - d->positions.begin())];
          const std::size_t p = repeat + *at;
          const double* source = in.row(d->input * positions + (p + shift) % positions);
          double* target = out.row(output * positions + p);
          for (std::size_t j = 0; j < batch_; ++j) target[j] += weight * source[j];
        }
      }
    });
    return out;
  }

  Bundle evaluate(const RotateSum& op, const Value& value) {
    Bundle sum = copy(op.from);
    const std::size_t positions = program_.positions;
    for (const Rotation& rotation : op.rotations) {
      const Bundle before = std::move(sum);
      sum = map(value, [&](std::size_t i, std::size_t at) {
        const std::size_t from = i - i % positions + (i + rotation.shift) % positions;
        return before.data[at] + before.data[from * batch_ + at % batch_];
      });
    }
    return sum;
  }

  Bundle evaluate(const Square& op, const Value& value) {
    const Bundle& a = values_[op.from];
    return map(value, [&](std::size_t, std::size_t at) { return a.data[at] * a.data[at]; });
  }
  Bundle evaluate(const Multiply& op, const Value& value) {
    const Bundle& a = values_[op.a];
    const Bundle& b = values_[op.b];
    return map(value, [&](std::size_t, std::size_t at) { return a.data[at] * b.data[at]; });
  }
  Bundle evaluate(const AddScaled& op, const Value& value) {
    const Bundle& a = values_[op.from];
    const Bundle& b = values_[op.addend];
    const double unit = program_.values[op.addend].scale.value / value.scale.value;
    const std::size_t numbers = b.data.size();  // of one element where it is added to every element
    return map(value, [&](std::size_t i, std::size_t at) {
      const auto factor = static_cast<double>(op.factors[op.factors.size() == 1 ? 0 : i]);
      return a.data[at] + factor * unit * b.data[at % numbers];
    });
  }
  Bundle evaluate(const AddConstant& op, const Value& value) {
    const Bundle& a = values_[op.from];
    return map(value, [&](std::size_t i, std::size_t at) {
      return a.data[at] + rounded(op.constants[i % op.constants.size()], value.scale);
    });
  }
  Bundle evaluate(const Relinearise& op, const Value&) { return copy(op.from); }
  Bundle evaluate(const Rescale& op, const Value&) { return copy(op.from); }
  Bundle evaluate(const ModDrop& op, const Value&) { return copy(op.from); }
  Bundle evaluate(const ScaleUp& op, const Value&) { return copy(op.from); }
  Bundle copy(ValueId from) {
    return last_use_[from] == id_ ? std::move(values_[from]) : values_[from];
  }

  Bundle evaluate(const Contract& op, const Value& value) {
    const Bundle& a = values_[op.a];
    const Bundle& b = values_[op.b];
    const std::size_t numbers = program_.positions * batch_;  // of an element
    std::vector<std::vector<ProductTerm>> of_output(value.count);
    for (const ProductTerm& term : op.terms) of_output[term.out].push_back(term);
    Bundle out(rows(value), batch_);
    base::parallel_for(value.count, [&](std::size_t o) {
      double* target = out.data.data() + o * numbers;
      for (const ProductTerm& term : of_output[o]) {
        const double* x = a.data.data() + term.i * numbers;
        const double* y = b.data.data() + term.j * numbers;
        for (std::size_t at = 0; at < numbers; ++at) target[at] += x[at] * y[at];
      }
    });
    return out;
  }
  Bundle evaluate(const Mask& op, const Value& value) {
    const Bundle& a = values_[op.from];
    return map(value, [&](std::size_t i, std::size_t at) {
      return a.data[at] * op.factors[i % op.factors.size()];
    });
  }
  // Where position `row` of an element takes its number from, as a row of that element.
  std::size_t rotated(std::size_t row, const Rotation& rotation) const {
    return (row + rotation.shift) % program_.positions;
  }
  Bundle evaluate(const Rotate& op, const Value& value) {
    const Bundle& a = values_[op.from];
    return map(value, [&](std::size_t i, std::size_t at) {
      const Rotation& rotation = op.rotations[i / program_.positions];
      return a.row(rotated(i % program_.positions, rotation))[at % batch_];
    });
  }
  Bundle evaluate(const RotatedTotal& op, const Value& value) {
    const Bundle& a = values_[op.from];
    return map(value, [&](std::size_t i, std::size_t at) {
      double sum = 0;
      for (std::size_t e = 0; e < op.rotations.size(); ++e) {
        sum += a.row(e * program_.positions + rotated(i, op.rotations[e]))[at % batch_];
      }
      return sum;
    });
  }
  Bundle evaluate(const Select& op, const Value& value) {
    const Bundle& a = values_[op.from];
    const std::size_t positions = program_.positions;
    return map(value, [&](std::size_t i, std::size_t at) {
      return a.row(op.elements[i / positions] * positions + i % positions)[at % batch_];
    });
  }
  Bundle evaluate(const Reinterpret& op, const Value& value) {
    const Bundle& a = values_[op.from];
    const double factor = program_.values[op.from].scale.value / value.scale.value;
    return map(value, [&](std::size_t, std::size_t at) { return factor * a.data[at]; });
  }

  const Program& program_;
  const Observer& observer_;
  std::vector<Bundle> values_;
  std::vector<ValueId> last_use_;
  std::size_t batch_ = 0;
  ValueId id_ = 0;  ///< that is being evaluated
};

}  // namespace

Bundle Bundle::first(std::size_t images) const {
  Bundle part(count, images);
  for (std::size_t r = 0; r < count; ++r) std::copy_n(row(r), images, part.row(r));
  return part;
}

Bundle run_reference(const Program& program, Bundle input, const Observer& observer) {
  if (inputs_of(program).size() != 1) {
    base::fail(base::ErrorCode::kMismatch, "the program takes several inputs, not one");
  }
  Interpreter interpreter(program, observer);
  interpreter.give(0, std::move(input));
  interpreter.run();
  return interpreter.take_answer();
}

std::map<std::string, Bundle> run_reference(const Program& program,
                                            std::map<std::string, Bundle> inputs,
                                            const Observer& observer) {
  Interpreter interpreter(program, observer);
  for (const ValueId id : inputs_of(program)) {
    const auto input = inputs.find(input_name(program, id));
    if (input == inputs.end()) {
      base::fail(base::ErrorCode::kMismatch,
                 "the program's input '" + input_name(program, id) + "' is missing");
    }
    interpreter.give(id, std::move(input->second));
    inputs.erase(input);
  }
  if (!inputs.empty()) {
    base::fail(base::ErrorCode::kMismatch,
               "the program has no input '" + inputs.begin()->first + "'");
  }
  interpreter.run();
  std::map<std::string, Bundle> outputs;
  for (const Output& output : program.outputs) {
    outputs[output.name] = interpreter.result(output.value);
  }
  if (outputs.empty()) outputs[""] = interpreter.take_answer();
  return outputs;
}

}  // namespace serdab::program
