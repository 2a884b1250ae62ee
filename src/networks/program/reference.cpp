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
  }

  Bundle run(Bundle input) {
    if (input.count != rows(program_.input()) || input.data.size() != input.count * input.batch) {
      base::fail(base::ErrorCode::kMismatch,
                 "the program takes " + std::to_string(rows(program_.input())) +
                     " numbers an image, the input has " + std::to_string(input.count));
    }
    batch_ = input.batch;
    for (ValueId id = 0; id < program_.values.size(); ++id) {
      const Value& value = program_.values[id];
      values_[id] = id == 0
                        ? std::move(input)
                        : std::visit([&](const auto& op) { return evaluate(op, value); }, value.op);
      if (observer_) observer_(id, values_[id]);
      for (ValueId operand : operands(value.op)) {
        if (last_use_[operand] == id) values_[operand] = Bundle();
      }
    }
    return std::move(values_.back());
  }

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

  void accumulate(const WeightMatrix& matrix, const Block& block, double unit, const Bundle& in,
                  Bundle& out) const {
    for (std::size_t r = 0; r < matrix.rows; ++r) {
      double* target = out.row(block.outputs[r]);
      for (std::size_t k = 0; k < matrix.cols; ++k) {
        const double weight = matrix.weights[r * matrix.cols + k] * unit;
        if (weight == 0) continue;
        const double* source = in.row(block.inputs[k]);
        for (std::size_t j = 0; j < batch_; ++j) target[j] += weight * source[j];
      }
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
    const std::size_t chunk = std::max<std::size_t>(1, positions / 16);
    const std::size_t chunks = positions / chunk;
    base::parallel_for(value.count * chunks, [&](std::size_t task) {
      const std::size_t output = task / chunks;
      const auto begin = static_cast<std::uint32_t>(task % chunks * chunk);
      for (const Diagonal* d : of_output[output]) {
        const std::size_t shift = std::size_t{op.babies[d->baby].shift} + op.giants[d->giant].shift;
        const auto first = std::lower_bound(d->positions.begin(), d->positions.end(), begin);
        for (auto at = first; at != d->positions.end() && *at < begin + chunk; ++at) {
          const double weight = d->weights[static_cast<std::size_t>(at - d->positions.begin())];
          const double* source = in.row(d->input * positions + (*at + shift) % positions);
          double* target = out.row(output * positions + *at);
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
    return map(value, [&](std::size_t i, std::size_t at) {
      const auto factor = static_cast<double>(op.factors[op.factors.size() == 1 ? 0 : i]);
      return a.data[at] + factor * unit * b.data[at];
    });
  }
  Bundle evaluate(const AddConstant& op, const Value& value) {
    const Bundle& a = values_[op.from];
    return map(value, [&](std::size_t i, std::size_t at) {
      return a.data[at] + rounded(op.constants[op.constants.size() == 1 ? 0 : i], value.scale);
    });
  }
  Bundle evaluate(const Relinearise& op, const Value&) { return copy(op.from); }
  Bundle evaluate(const Rescale& op, const Value&) { return copy(op.from); }
  Bundle evaluate(const ModDrop& op, const Value&) { return copy(op.from); }
  Bundle evaluate(const ScaleUp& op, const Value&) { return copy(op.from); }
  Bundle copy(ValueId from) { return values_[from]; }

  const Program& program_;
  const Observer& observer_;
  std::vector<Bundle> values_;
  std::vector<ValueId> last_use_;
  std::size_t batch_ = 0;
};

}  // namespace

Bundle run_reference(const Program& program, Bundle input, const Observer& observer) {
  return Interpreter(program, observer).run(std::move(input));
}

}  // namespace serdab::program
