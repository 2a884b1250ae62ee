#include "networks/program/verifier.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <set>
#include <string>

#include "engine/base/error.h"

namespace serdab::program {
namespace {

using base::ErrorCode;

// Integer weights and factors carry result scale / operand scale; both scales are exact, their
// quotient need not be, so these two ops may choose the result's scale. Everything else must hit
// it.
constexpr std::uint32_t kMaxPlaces = 1u << 17;

class Checker {
 public:
  explicit Checker(const Program& program) : program_(program) {}

  void run() {
    if (program_.values.empty()) fail("a program has at least one value");
    if (program_.primes.empty()) fail("a program has at least one prime");
    if (!std::has_single_bit(program_.positions) || program_.positions > kMaxPlaces) {
      fail(std::to_string(program_.positions) +
           " positions a ciphertext: no power of two in range");
    }
    if (program_.layout == Layout::kBatch) equal(program_.positions, 1u, "number of positions");
    if (!std::has_single_bit(program_.images) ||
        program_.images > kMaxPlaces / program_.positions) {
      fail(std::to_string(program_.images) + " images side by side: no power of two in range");
    }
    if (program_.layout == Layout::kBatch) equal(program_.images, 1u, "images side by side");
    inputs_ = inputs_of(program_).size();
    for (id_ = 0; id_ < program_.values.size(); ++id_) check_value();
    for (const Output& output : program_.outputs) check(output);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    std::string where = "program";
    if (id_ < program_.values.size()) {
      const Value& value = program_.values[id_];
      where += ": value " + std::to_string(id_) + " (" + op_name(value.op) +
               (value.layer.empty() ? "" : " of layer '" + value.layer + "'") + ")";
    }
    base::fail(ErrorCode::kMismatch, where + ": " + what);
  }

  template <typename T>
  void equal(const T& have, const T& want, const std::string& what) const {
    if (have != want) {
      fail(what + " is " + std::to_string(have) + ", must be " + std::to_string(want));
    }
  }

  void check_value() {
    const Value& value = program_.values[id_];
    if (value.count == 0) fail("holds no ciphertext");
    if (value.parts < 2 || value.parts > 3) fail("has " + std::to_string(value.parts) + " parts");
    if (value.level.primes() > program_.primes.size()) {
      fail("level " + std::to_string(value.level.value) + " is above the chain's top level " +
           std::to_string(program_.primes.size() - 1));
    }
    if (!std::isfinite(value.scale.value) || value.scale.value < 1) fail("scale is not above 1");
    if (!std::isfinite(value.calibrated)) fail("calibrated magnitude is not finite");
    for (ValueId operand : operands(value.op)) {
      if (operand >= id_) fail("reads value " + std::to_string(operand) + " before it is defined");
    }
    std::visit([&](const auto& op) { check(op, value); }, value.op);
  }

  const Value& at(ValueId id) const { return program_.values[id]; }

  void same_shape(const Value& from, const Value& value) const {
    equal(value.count, from.count, "count");
    equal(value.level.value, from.level.value, "level");
  }

  // A program of one unnamed input and one answer is an inference program.
  void check(const Input& op, const Value& value) {
    equal(value.parts, 2u, "number of parts");
    const bool named = inputs_ > 1 || !program_.outputs.empty();
    if (named && op.name.empty()) fail("is one of several inputs, or stands in a step, unnamed");
    if (!input_names_.insert(op.name).second) {
      fail("bears the name '" + op.name + "', which an earlier input bears");
    }
  }

  void check(const Output& output) {
    if (output.name.empty()) fail("has an output without a name");
    if (!output_names_.insert(output.name).second) {
      fail("has two outputs named '" + output.name + "'");
    }
    if (output.value >= program_.values.size()) {
      fail("output '" + output.name + "' is value " + std::to_string(output.value) +
           ", which is not there");
    }
    if (at(output.value).parts != 2) fail("output '" + output.name + "' has not 2 parts");
  }

  void check(const Affine& op, const Value& value) const {
    if (program_.layout != Layout::kBatch) fail("stands in a program that is not in batch layout");
    if (op.terms.empty()) fail("has no term");
    equal(op.bias.size(), std::size_t{value.count}, "number of biases");
    for (double bias : op.bias) {
      if (!std::isfinite(bias)) fail("a bias is not finite");
    }
    for (const AffineTerm& term : op.terms) check_term(term, value);
  }

  void check_term(const AffineTerm& term, const Value& value) const {
    const Value& from = at(term.from);
    if (from.level < value.level) fail("stands above the level of its operand");
    if (from.parts != value.parts) fail("operand and result differ in parts");
    for (const WeightMatrix& matrix : term.matrices) {
      equal(matrix.weights.size(), std::size_t{matrix.rows} * matrix.cols,
            "size of a weight matrix");
      if (matrix.cols > 4096) fail("a weight matrix has more than 4096 columns");
      for (std::int32_t weight : matrix.weights) {
        if (std::abs(std::int64_t{weight}) >= (1 << 20)) fail("a weight is not below 2^20");
      }
    }
    std::vector<bool> written(value.count);
    for (const Block& block : term.blocks) {
      if (block.matrix >= term.matrices.size()) fail("a block names a matrix that is not there");
      const WeightMatrix& matrix = term.matrices[block.matrix];
      equal(block.inputs.size(), std::size_t{matrix.cols}, "inputs of a block");
      equal(block.outputs.size(), std::size_t{matrix.rows}, "outputs of a block");
      for (std::uint32_t i : block.inputs) {
        if (i >= from.count) fail("a block reads element " + std::to_string(i));
      }
      for (std::uint32_t o : block.outputs) {
        if (o >= value.count) fail("a block writes element " + std::to_string(o));
        if (written[o]) fail("two blocks of a term write element " + std::to_string(o));
        written[o] = true;
      }
    }
  }

  void check(const Square& op, const Value& value) const {
    const Value& from = at(op.from);
    same_shape(from, value);
    equal(from.parts, 2u, "operand's number of parts");
    equal(value.parts, 3u, "number of parts");
    equal(value.scale.value, (from.scale * from.scale).value, "scale");
  }

  void check(const Multiply& op, const Value& value) const {
    same_shape(at(op.a), value);
    same_shape(at(op.b), value);
    equal(at(op.a).parts + at(op.b).parts, 4u, "operands' number of parts");
    equal(value.parts, 3u, "number of parts");
    equal(value.scale.value, (at(op.a).scale * at(op.b).scale).value, "scale");
  }

  void check(const AddScaled& op, const Value& value) const {
    const Value& from = at(op.from);
    const Value& addend = at(op.addend);
    same_shape(from, value);
    if (addend.count != 1) equal(addend.count, value.count, "addend's count");
    if (addend.level < value.level) fail("addend stands below the result's level");
    if (addend.parts > from.parts) fail("addend has more parts than the result");
    equal(value.parts, from.parts, "number of parts");
    equal(value.scale.value, from.scale.value, "scale");
    if (program_.layout != Layout::kBatch) {
      equal(op.factors.size(), std::size_t{1}, "number of factors");
    } else if (op.factors.size() != 1) {
      equal(op.factors.size(), std::size_t{value.count}, "number of factors");
    }
  }

  void check(const AddConstant& op, const Value& value) const {
    const Value& from = at(op.from);
    same_shape(from, value);
    equal(value.parts, from.parts, "number of parts");
    equal(value.scale.value, from.scale.value, "scale");
    if (op.constants.size() != 1 && op.constants.size() != program_.positions) {
      equal(op.constants.size(), std::size_t{value.count} * program_.positions,
            "number of constants");
    }
    for (const double constant : op.constants) {
      if (!std::isfinite(constant)) fail("a constant is not finite");
    }
  }

  void check(const Relinearise& op, const Value& value) const {
    const Value& from = at(op.from);
    same_shape(from, value);
    equal(from.parts, 3u, "operand's number of parts");
    equal(value.parts, 2u, "number of parts");
    equal(value.scale.value, from.scale.value, "scale");
  }

  void check(const Rescale& op, const Value& value) const {
    const Value& from = at(op.from);
    equal(value.count, from.count, "count");
    equal(value.parts, from.parts, "number of parts");
    if (op.primes == 0 || op.primes > from.level.value) {
      fail("drops " + std::to_string(op.primes) + " primes at level " +
           std::to_string(from.level.value));
    }
    equal(value.level.value, from.level.value - op.primes, "level");
    base::Scale scale = from.scale;
    for (std::uint32_t i = 0; i < op.primes; ++i) {
      scale = base::rescaled(scale, program_.primes[from.level.value - i]);
    }
    equal(value.scale.value, scale.value, "scale");
  }

  void check(const ModDrop& op, const Value& value) const {
    const Value& from = at(op.from);
    equal(value.count, from.count, "count");
    equal(value.parts, from.parts, "number of parts");
    if (value.level > from.level) fail("raises the level");
    equal(value.scale.value, from.scale.value, "scale");
  }

  void check(const ScaleUp& op, const Value& value) const {
    const Value& from = at(op.from);
    same_shape(from, value);
    equal(value.parts, from.parts, "number of parts");
    if (op.factor == 0 || op.factor >> 62 != 0) fail("factor is not within 1 and 2^62");
    equal(value.scale.value, (from.scale * base::Scale{static_cast<double>(op.factor)}).value,
          "scale");
  }

  void check(const Transform& op, const Value& value) const {
    const Value& from = at(op.from);
    is_packed();
    equal(from.parts, 2u, "operand's number of parts");
    equal(value.parts, 2u, "number of parts");
    equal(value.level.value, from.level.value, "level");
    if (!std::isfinite(op.weight_scale.value) || op.weight_scale.value < 1) {
      fail("weight scale is not above 1");
    }
    equal(value.scale.value, (from.scale * op.weight_scale).value, "scale");
    if (op.diagonals.empty()) fail("has no diagonal");
    if (!std::has_single_bit(op.repeats) || op.repeats > program_.positions) {
      fail("repeats " + std::to_string(op.repeats) + " times in " +
           std::to_string(program_.positions) + " positions");
    }
    if (program_.images > 1) equal(op.repeats, 1u, "repeats of weights within an image");
    if (!std::isfinite(op.met_square) || op.met_square < 0) fail("its met square is no square");
    for (const Rotation& rotation : op.babies) check(rotation);
    for (const Rotation& rotation : op.giants) check(rotation);
    std::vector<bool> written(value.count);
    for (const Diagonal& diagonal : op.diagonals) {
      check(diagonal, op, from, value);
      written[diagonal.output] = true;
    }
    for (std::size_t i = 0; i < written.size(); ++i) {
      if (!written[i]) fail("nothing is written to ciphertext " + std::to_string(i));
    }
  }

  void check(const Diagonal& diagonal, const Transform& op, const Value& from,
             const Value& value) const {
    if (diagonal.input >= from.count || diagonal.output >= value.count) {
      fail("a diagonal names a ciphertext that is not there");
    }
    if (diagonal.baby >= op.babies.size() || diagonal.giant >= op.giants.size()) {
      fail("a diagonal names a rotation that is not there");
    }
    equal(diagonal.weights.size(), diagonal.positions.size(), "number of a diagonal's weights");
    std::uint64_t next = 0;
    for (const std::uint32_t position : diagonal.positions) {
      if (position < next || position >= program_.positions / op.repeats) {
        fail("a diagonal's positions do not ascend below " +
             std::to_string(program_.positions / op.repeats));
      }
      next = std::uint64_t{position} + 1;
    }
    for (const float weight : diagonal.weights) {
      if (!std::isfinite(weight)) fail("a weight is not finite");
    }
    if (program_.images == 1 || diagonal.positions.empty()) return;
    const std::uint64_t shift =
        std::uint64_t{op.babies[diagonal.baby].shift} + op.giants[diagonal.giant].shift;
    // From the first position to the last, all of them read from their own image or none does.
    for (const std::uint32_t p : {diagonal.positions.front(), diagonal.positions.back()}) {
      if ((p + shift) % program_.places() >= program_.positions) {
        fail("a diagonal reads beyond its image");
      }
    }
  }

  void check(const Rotation& rotation) const {
    std::uint64_t sum = 0;
    for (const std::uint32_t steps : rotation.steps) {
      if (steps == 0 || steps >= program_.places()) {
        fail("a rotation's step is not within 1 and " + std::to_string(program_.places() - 1));
      }
      sum += steps;
    }
    if (rotation.steps.size() > 64) fail("a rotation takes more than 64 steps");
    equal(std::uint64_t{rotation.shift}, sum % program_.places(), "shift of a rotation");
  }

  void check(const RotateSum& op, const Value& value) const {
    const Value& from = at(op.from);
    has_one_image();
    same_shape(from, value);
    equal(from.parts, 2u, "operand's number of parts");
    equal(value.parts, 2u, "number of parts");
    equal(value.scale.value, from.scale.value, "scale");
    if (op.rotations.empty()) fail("has no rotation");
    for (const Rotation& rotation : op.rotations) {
      check(rotation);
      if (rotation.steps.empty()) fail("adds a value to itself without rotating it");
    }
  }

  void is_packed() const {
    if (program_.layout != Layout::kPacked) fail("stands in a program that is not packed");
  }

  // Their rotations carry from one image into the next.
  void has_one_image() const {
    is_packed();
    equal(program_.images, 1u, "images side by side");
  }

  // Element counts aside, the operand's shape: 2 parts, level and scale stay.
  void keeps_shape(const Value& from, const Value& value) const {
    equal(from.parts, 2u, "operand's number of parts");
    equal(value.parts, 2u, "number of parts");
    equal(value.level.value, from.level.value, "level");
    equal(value.scale.value, from.scale.value, "scale");
  }

  void check(const Contract& op, const Value& value) const {
    const Value& a = at(op.a);
    const Value& b = at(op.b);
    equal(a.level.value, value.level.value, "first operand's level");
    equal(b.level.value, value.level.value, "second operand's level");
    equal(a.parts, 2u, "first operand's number of parts");
    equal(b.parts, 2u, "second operand's number of parts");
    equal(value.parts, 3u, "number of parts");
    equal(value.scale.value, (a.scale * b.scale).value, "scale");
    if (op.terms.size() < value.count) fail("has fewer products than outputs");
    std::vector<bool> written(value.count);
    for (const ProductTerm& term : op.terms) {
      if (term.i >= a.count || term.j >= b.count || term.out >= value.count) {
        fail("a product names a ciphertext that is not there");
      }
      written[term.out] = true;
    }
    for (std::size_t i = 0; i < written.size(); ++i) {
      if (!written[i]) fail("no product is added to ciphertext " + std::to_string(i));
    }
  }

  void check(const Mask& op, const Value& value) const {
    const Value& from = at(op.from);
    is_packed();
    same_shape(from, value);
    equal(value.parts, from.parts, "number of parts");
    if (!std::isfinite(op.weight_scale.value) || op.weight_scale.value < 1) {
      fail("weight scale is not above 1");
    }
    equal(value.scale.value, (from.scale * op.weight_scale).value, "scale");
    if (op.factors.size() != program_.positions) {
      equal(op.factors.size(), std::size_t{value.count} * program_.positions, "number of factors");
    }
    for (const double factor : op.factors) {
      if (!std::isfinite(factor)) fail("a factor is not finite");
    }
  }

  void check(const Rotate& op, const Value& value) const {
    const Value& from = at(op.from);
    has_one_image();
    equal(from.count, 1u, "operand's count");
    keeps_shape(from, value);
    equal(op.rotations.size(), std::size_t{value.count}, "number of rotations");
    for (const Rotation& rotation : op.rotations) check(rotation);
  }

  void check(const RotatedTotal& op, const Value& value) const {
    const Value& from = at(op.from);
    has_one_image();
    keeps_shape(from, value);
    equal(value.count, 1u, "count");
    equal(op.rotations.size(), std::size_t{from.count}, "number of rotations");
    for (const Rotation& rotation : op.rotations) check(rotation);
  }

  void check(const Select& op, const Value& value) const {
    const Value& from = at(op.from);
    equal(value.parts, from.parts, "number of parts");
    equal(value.level.value, from.level.value, "level");
    equal(value.scale.value, from.scale.value, "scale");
    equal(op.elements.size(), std::size_t{value.count}, "number of elements");
    for (const std::uint32_t element : op.elements) {
      if (element >= from.count) fail("selects element " + std::to_string(element));
    }
  }

  void check(const Reinterpret& op, const Value& value) const {
    const Value& from = at(op.from);
    same_shape(from, value);
    equal(value.parts, from.parts, "number of parts");
  }

  const Program& program_;
  std::size_t id_ = 0;
  std::size_t inputs_ = 0;
  std::set<std::string> input_names_, output_names_;
};

}  // namespace

void verify(const Program& program) { Checker(program).run(); }

}  // namespace serdab::program
