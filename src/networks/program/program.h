#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/units.h"

/// The encrypted program as data. A value is a bundle of `count` ciphertexts of equal level, scale
/// and number of parts; an op makes the next value. Elementwise ops work on each element i of the
/// bundle alone; Affine, Transform, Contract, Rotate, RotatedTotal and Select mix them. A
/// ciphertext holds `positions` numbers of each image, one in the batch layout. What an op means is
/// defined by reference.h.
namespace serdab::program {

using ValueId = std::uint32_t;

/// A dense block of small integer weights, row-major.
struct WeightMatrix {
  std::uint32_t rows = 0;
  std::uint32_t cols = 0;
  std::vector<std::int32_t> weights;
};

/// outputs[r] += Σ_k matrix[r][k] · inputs[k]. The same matrix may serve many blocks (a convolution
/// does).
struct Block {
  std::uint32_t matrix = 0;
  std::vector<std::uint32_t> inputs;
  std::vector<std::uint32_t> outputs;
};

/// One summand of an Affine: integer weights on one earlier value. The integers carry the scale
/// scale(result) / scale(from). No output stands in two blocks of a term (a matrix too wide for one
/// block, over 4096 columns, is split into several terms): blocks can run in parallel.
struct AffineTerm {
  ValueId from = 0;
  std::vector<WeightMatrix> matrices;
  std::vector<Block> blocks;
};

/// The program's arguments, in order of their values: an inference program has one, value 0.
struct Input {
  std::string name;  ///< empty in inference programs
};
/// Σ terms + bias. Terms may stand at a higher level than the result: their further primes are
/// ignored.
struct Affine {
  std::vector<AffineTerm> terms;
  std::vector<double> bias;  ///< one an element, in message units
};
/// a², giving 3 parts from 2; scale squared.
struct Square {
  ValueId from = 0;
};
/// a·b of equal levels, giving 3 parts; scales multiplied.
struct Multiply {
  ValueId a = 0;
  ValueId b = 0;
};
/// from + factors ⊙ addend, with integer factors (one, or in the batch layout one an element) that
/// carry scale(from) / scale(addend). The addend may stand at a higher level and have fewer parts;
/// one of count 1 is added to every element.
struct AddScaled {
  ValueId from = 0;
  ValueId addend = 0;
  std::vector<std::int64_t> factors;
};
/// from + constants, in message units: one, one for every position, or one for every position of
/// every element.
struct AddConstant {
  ValueId from = 0;
  std::vector<double> constants;
};
/// 3 parts to 2.
struct Relinearise {
  ValueId from = 0;
};
/// Division by the last `primes` primes.
struct Rescale {
  ValueId from = 0;
  std::uint32_t primes = 1;
};
/// Forgets primes above the result's level; message and scale stay.
struct ModDrop {
  ValueId from = 0;
};

/// The same message at factor times the scale: brings a branch's scale near another's before they
/// are added.
struct ScaleUp {
  ValueId from = 0;
  std::uint64_t factor = 1;
};

/// x[p] becomes x[p + shift], places counted cyclically (Program::places). Done as rotations by
/// `steps` in turn, each of which has a key and whose sum is the shift; none for shift 0.
struct Rotation {
  std::uint32_t shift = 0;
  std::vector<std::uint32_t> steps;
};

/// result[output][p] += weights · from[input][p + baby + giant] at the positions p listed. Indices
/// of rotations, not shifts.
struct Diagonal {
  std::uint32_t input = 0;
  std::uint32_t output = 0;
  std::uint32_t baby = 0;
  std::uint32_t giant = 0;
  std::vector<std::uint32_t> positions;  ///< ascending, below the transform's period
  std::vector<float> weights;
};

/// A linear map between positions, as generalised diagonals in baby and giant steps. Weights are
/// encoded at `weight_scale`; scale(result) = scale(from)·weight_scale.
struct Transform {
  ValueId from = 0;
  std::vector<Rotation> babies;
  std::vector<Rotation> giants;
  std::vector<Diagonal> diagonals;
  base::Scale weight_scale;
  double met_square = 0;  ///< what the rounding of its weights is multiplied with (noise.h)
  /// A power of two: what a diagonal lists for the first positions/repeats positions, its period,
  /// holds for all that follow alike.
  std::uint32_t repeats = 1;
};

/// For each rotation in turn, x += x rotated: sums of positions that lie apart.
struct RotateSum {
  ValueId from = 0;
  std::vector<Rotation> rotations;
};

/// One product of a Contract: a[i]·b[j] is added to result[out].
struct ProductTerm {
  std::uint32_t i = 0, j = 0, out = 0;
};
/// Sums of products of ciphertexts of 2 parts and equal levels, giving 3 parts; scales multiplied.
/// Elements of the result are independent of each other.
struct Contract {
  ValueId a = 0, b = 0;
  std::vector<ProductTerm> terms;  ///< every output has at least one
};
/// Every element times a public vector, one for all elements (`positions` factors) or one an
/// element, encoded at weight_scale; scale(result) = scale(from)·weight_scale.
struct Mask {
  ValueId from = 0;
  std::vector<double> factors;
  base::Scale weight_scale;
};
/// Element e of the result is the one element of `from` by rotations[e]; one decomposition.
struct Rotate {
  ValueId from = 0;
  std::vector<Rotation> rotations;
};
/// Σ_e element e of `from` by rotations[e]: one element.
struct RotatedTotal {
  ValueId from = 0;
  std::vector<Rotation> rotations;
};
/// Some elements, in the order given.
struct Select {
  ValueId from = 0;
  std::vector<std::uint32_t> elements;
};
/// The same residues at another scale: the message times scale(from)/scale(result). For factors
/// that cost nothing.
struct Reinterpret {
  ValueId from = 0;
};

using Op = std::variant<Input, Affine, Square, Multiply, AddScaled, AddConstant, Relinearise,
                        Rescale, ModDrop, ScaleUp, Transform, RotateSum, Contract, Mask, Rotate,
                        RotatedTotal, Select, Reinterpret>;

/// What is known of a value before anything runs.
struct Value {
  Op op;
  std::string layer;        ///< name of the layer it comes from, for reports
  std::uint32_t count = 0;  ///< ciphertexts
  std::uint32_t parts = 2;  ///< polynomials a ciphertext
  base::Level level;
  base::Scale scale;
  double calibrated = 0;  ///< largest magnitude seen in calibration, message units
};

/// How images stand in the slots of the ciphertexts.
enum class Layout : std::uint8_t {
  kBatch = 0,   ///< one feature a ciphertext, one image a slot
  kPacked = 1,  ///< many features a ciphertext: slot_of(program, …) in package.h
};

/// A value that a program is run for, by name: in a training step the next state.
struct Output {
  std::string name;
  ValueId value = 0;
};

/// An encrypted program: values in order of definition. An inference program has one Input, value
/// 0, no `outputs`, and the last value is its answer; a step has inputs and outputs by name, and
/// may be run again and again on its own outputs. Immutable once built; const access may be shared
/// by threads.
struct Program {
  Layout layout = Layout::kBatch;
  std::uint32_t positions = 1;  ///< of a ciphertext; a power of two, 1 in the batch layout
  /// Images that stand side by side, `positions` places each; a power of two. With more than one,
  /// a shift moves beyond an image's own positions, so that only Transforms may rotate, each of
  /// whose diagonals stays within the image: weights then repeat from image to image.
  std::uint32_t images = 1;
  std::vector<std::uint64_t> primes;          ///< q_0 … q_L, which scales are divided by
  std::vector<std::uint64_t> special_primes;  ///< P
  std::vector<Value> values;
  std::vector<Output> outputs;  ///< empty: the last value

  /// What shifts count modulo: a ciphertext has `places` times some slots.
  std::uint32_t places() const { return positions * images; }
  const Value& answer() const { return values.back(); }
  const Value& input() const { return values.front(); }
};

/// Short name of an op: "affine", "square", …
const char* op_name(const Op& op);
/// The values an op reads, in order.
std::vector<ValueId> operands(const Op& op);
/// What the program is run for, ascending, each once: the values of `outputs`, or the last value.
std::vector<ValueId> outputs_of(const Program& program);
/// Its Inputs, ascending.
std::vector<ValueId> inputs_of(const Program& program);
/// The name of an Input.
const std::string& input_name(const Program& program, ValueId id);
/// Whether it has one Input, value 0, without a name, and no `outputs`: what packages hold.
bool is_inference(const Program& program);
/// A rotation key that a program needs: by so many positions, up to a level.
struct RotationKey {
  std::uint32_t steps = 0;
  base::Level level;
  bool operator==(const RotationKey&) const = default;
};
/// All of them, ascending in steps.
std::vector<RotationKey> rotation_keys(const Program& program);
/// By value: whether it is a relinearisation, a transform, a sum of rotations or a rotated total
/// that is no output and that only a rescale reads. Both divide, so a backend divides once, in the
/// rescale.
std::vector<bool> divided_by_rescale(const Program& program);

}  // namespace serdab::program
