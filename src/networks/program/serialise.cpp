#include "networks/program/serialise.h"

#include "networks/program/verifier.h"

namespace serdab::program {
namespace {

using base::ByteReader;
using base::ByteWriter;

constexpr std::size_t kMaxPrimes = 128;
constexpr std::size_t kMaxValues = 100'000;
constexpr std::size_t kMaxElements = 1u << 24;
constexpr std::size_t kMaxWeights = 1u << 28;
constexpr std::size_t kMaxRotations = 1u << 17;
constexpr std::size_t kMaxOutputs = 100'000;
constexpr std::size_t kMaxName = 4096;
// In the layout's byte: inputs have names and a list of outputs ends the program. Left out for
// programs that have neither.
constexpr std::uint8_t kNamed = 2;

// The kind of a transform whose diagonals are written as runs; that of others is the op's index.
constexpr std::uint8_t kTransformInRuns = 18;

// Large transforms and those that repeat have many weights alike. Others keep their form.
bool in_runs(const Transform& op) {
  constexpr std::size_t kLarge = 1u << 20;
  std::size_t weights = 0;
  for (const Diagonal& diagonal : op.diagonals) weights += diagonal.weights.size();
  return op.repeats > 1 || weights > kLarge;
}

std::uint8_t kind_of(const Op& op) {
  const auto* transform = std::get_if<Transform>(&op);
  return transform != nullptr && in_runs(*transform) ? kTransformInRuns
                                                     : static_cast<std::uint8_t>(op.index());
}

bool is_named(const Program& program) {
  bool named = !program.outputs.empty();
  for (const ValueId id : inputs_of(program)) named = named || !input_name(program, id).empty();
  return named;
}

void write_list(ByteWriter& out, const std::vector<std::uint32_t>& list) {
  out.u32(static_cast<std::uint32_t>(list.size()));
  for (std::uint32_t v : list) out.u32(v);
}
void write_list(ByteWriter& out, const std::vector<double>& list) {
  out.u32(static_cast<std::uint32_t>(list.size()));
  for (double v : list) out.f64(v);
}
void write_list(ByteWriter& out, const std::vector<std::uint64_t>& list) {
  out.u32(static_cast<std::uint32_t>(list.size()));
  for (std::uint64_t v : list) out.u64(v);
}

template <typename T, typename F>
std::vector<T> read_list(ByteReader& in, std::size_t limit, std::size_t item_bytes,
                         const char* items, F&& item) {
  const std::size_t n = in.count(limit, item_bytes, items);
  std::vector<T> list(n);
  for (T& v : list) v = item();
  return list;
}

// Weights are below 2^20 in magnitude: three bytes each, two's complement.
void write_matrix(ByteWriter& out, const WeightMatrix& matrix) {
  out.u32(matrix.rows);
  out.u32(matrix.cols);
  for (std::int32_t weight : matrix.weights) {
    const auto bits = static_cast<std::uint32_t>(weight);
    for (int shift : {0, 8, 16}) out.u8(static_cast<std::uint8_t>(bits >> shift));
  }
}

WeightMatrix read_matrix(ByteReader& in) {
  WeightMatrix matrix;
  matrix.rows = in.u32();
  matrix.cols = in.u32();
  const std::uint64_t size = std::uint64_t{matrix.rows} * matrix.cols;
  if (size > kMaxWeights || size > in.remaining() / 3) {
    in.corrupt("a weight matrix of " + std::to_string(matrix.rows) + " x " +
               std::to_string(matrix.cols) + " does not fit its bytes");
  }
  const auto bytes = in.raw(size * 3);
  matrix.weights.resize(size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(bytes[3 * i]) << 8 |
                               static_cast<std::uint32_t>(bytes[3 * i + 1]) << 16 |
                               static_cast<std::uint32_t>(bytes[3 * i + 2]) << 24;
    matrix.weights[i] = static_cast<std::int32_t>(bits) >> 8;
  }
  return matrix;
}

void write_op(ByteWriter&, const Input&) {}  // names: write_names
void write_op(ByteWriter& out, const Affine& op) {
  out.u32(static_cast<std::uint32_t>(op.terms.size()));
  for (const AffineTerm& term : op.terms) {
    out.u32(term.from);
    out.u32(static_cast<std::uint32_t>(term.matrices.size()));
    for (const WeightMatrix& matrix : term.matrices) write_matrix(out, matrix);
    out.u32(static_cast<std::uint32_t>(term.blocks.size()));
    for (const Block& block : term.blocks) {
      out.u32(block.matrix);
      write_list(out, block.inputs);
      write_list(out, block.outputs);
    }
  }
  write_list(out, op.bias);
}
void write_op(ByteWriter& out, const Square& op) { out.u32(op.from); }
void write_op(ByteWriter& out, const Multiply& op) {
  out.u32(op.a);
  out.u32(op.b);
}
void write_op(ByteWriter& out, const AddScaled& op) {
  out.u32(op.from);
  out.u32(op.addend);
  out.u32(static_cast<std::uint32_t>(op.factors.size()));
  for (std::int64_t factor : op.factors) out.u64(static_cast<std::uint64_t>(factor));
}
void write_op(ByteWriter& out, const AddConstant& op) {
  out.u32(op.from);
  write_list(out, op.constants);
}
void write_op(ByteWriter& out, const Relinearise& op) { out.u32(op.from); }
void write_op(ByteWriter& out, const Rescale& op) {
  out.u32(op.from);
  out.u32(op.primes);
}
void write_op(ByteWriter& out, const ModDrop& op) { out.u32(op.from); }

void write_op(ByteWriter& out, const ScaleUp& op) {
  out.u32(op.from);
  out.u64(op.factor);
}

void write_rotations(ByteWriter& out, const std::vector<Rotation>& rotations) {
  out.u32(static_cast<std::uint32_t>(rotations.size()));
  for (const Rotation& rotation : rotations) {
    out.u32(rotation.shift);
    write_list(out, rotation.steps);
  }
}
void write_diagonal(ByteWriter& out, const Diagonal& diagonal) {
  write_list(out, diagonal.positions);
  for (const float weight : diagonal.weights) out.f32(weight);
}

// Positions first, first + stride, … of one weight: a convolution weighs whole rows of an image
// alike.
struct Run {
  std::uint32_t first = 0, count = 0, stride = 1;
  float weight = 0;
};

std::vector<Run> runs_of(const Diagonal& diagonal) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < diagonal.positions.size(); ++i) {
    const std::uint32_t position = diagonal.positions[i];
    const float weight = diagonal.weights[i];
    if (!runs.empty() && runs.back().weight == weight) {
      Run& run = runs.back();
      const std::uint32_t gap = position - run.first - (run.count - 1) * run.stride;
      if (run.count == 1) run.stride = gap;
      if (gap == run.stride) {
        ++run.count;
        continue;
      }
    }
    runs.push_back({position, 1, 1, weight});
  }
  return runs;
}

void write_runs(ByteWriter& out, const Diagonal& diagonal) {
  const std::vector<Run> runs = runs_of(diagonal);
  out.u32(static_cast<std::uint32_t>(runs.size()));
  for (const Run& run : runs) {
    out.u32(run.first);
    out.u32(run.count);
    out.u32(run.stride);
    out.f32(run.weight);
  }
}

void write_op(ByteWriter& out, const Transform& op) {
  const bool runs = in_runs(op);
  if (runs) out.u32(op.repeats);
  out.u32(op.from);
  write_rotations(out, op.babies);
  write_rotations(out, op.giants);
  out.f64(op.weight_scale.value);
  out.f64(op.met_square);
  out.u32(static_cast<std::uint32_t>(op.diagonals.size()));
  for (const Diagonal& diagonal : op.diagonals) {
    for (const std::uint32_t v : {diagonal.input, diagonal.output, diagonal.baby, diagonal.giant}) {
      out.u32(v);
    }
    runs ? write_runs(out, diagonal) : write_diagonal(out, diagonal);
  }
}
void write_op(ByteWriter& out, const RotateSum& op) {
  out.u32(op.from);
  write_rotations(out, op.rotations);
}

void write_op(ByteWriter& out, const Contract& op) {
  out.u32(op.a);
  out.u32(op.b);
  out.u32(static_cast<std::uint32_t>(op.terms.size()));
  for (const ProductTerm& term : op.terms) {
    for (const std::uint32_t v : {term.i, term.j, term.out}) out.u32(v);
  }
}
void write_op(ByteWriter& out, const Mask& op) {
  out.u32(op.from);
  write_list(out, op.factors);
  out.f64(op.weight_scale.value);
}
void write_op(ByteWriter& out, const Rotate& op) {
  out.u32(op.from);
  write_rotations(out, op.rotations);
}
void write_op(ByteWriter& out, const RotatedTotal& op) {
  out.u32(op.from);
  write_rotations(out, op.rotations);
}
void write_op(ByteWriter& out, const Select& op) {
  out.u32(op.from);
  write_list(out, op.elements);
}
void write_op(ByteWriter& out, const Reinterpret& op) { out.u32(op.from); }

// The names of the inputs in order, and the outputs.
void write_names(ByteWriter& out, const Program& program) {
  for (const ValueId id : inputs_of(program)) out.string(input_name(program, id));
  out.u32(static_cast<std::uint32_t>(program.outputs.size()));
  for (const Output& output : program.outputs) {
    out.string(output.name);
    out.u32(output.value);
  }
}

void read_names(ByteReader& in, Program& program) {
  for (const ValueId id : inputs_of(program)) {
    std::get<Input>(program.values[id].op).name = in.string(kMaxName);
  }
  program.outputs.resize(in.count(kMaxOutputs, 8, "outputs"));
  for (Output& output : program.outputs) {
    output.name = in.string(kMaxName);
    output.value = in.u32();
  }
  if (!is_named(program)) in.corrupt("announces names and has none");
}

std::vector<Rotation> read_rotations(ByteReader& in) {
  std::vector<Rotation> rotations(in.count(kMaxRotations, 8, "rotations"));
  for (Rotation& rotation : rotations) {
    rotation.shift = in.u32();
    rotation.steps = read_list<std::uint32_t>(in, 64, 4, "steps", [&] { return in.u32(); });
  }
  return rotations;
}

void read_diagonal(ByteReader& in, Diagonal& diagonal) {
  diagonal.positions =
      read_list<std::uint32_t>(in, kMaxElements, 8, "positions", [&] { return in.u32(); });
  diagonal.weights.resize(diagonal.positions.size());
  for (float& weight : diagonal.weights) weight = in.f32();
}

// `left` bounds what the runs of a program may unfold to.
void read_runs(ByteReader& in, Diagonal& diagonal, std::size_t& left) {
  const std::size_t runs = in.count(kMaxElements, 16, "runs");
  for (std::size_t i = 0; i < runs; ++i) {
    Run run;
    run.first = in.u32();
    run.count = in.u32();
    run.stride = in.u32();
    run.weight = in.f32();
    const std::uint64_t last = run.first + std::uint64_t{run.count - 1} * run.stride;
    if (run.count == 0 || run.count > kMaxElements || last >= kMaxElements || run.count > left) {
      in.corrupt("a run of weights is too long");
    }
    left -= run.count;
    for (std::uint32_t k = 0; k < run.count; ++k) {
      diagonal.positions.push_back(run.first + k * run.stride);
      diagonal.weights.push_back(run.weight);
    }
  }
}

Transform read_transform(ByteReader& in, bool runs, std::size_t& left) {
  Transform op;
  if (runs) op.repeats = in.u32();
  op.from = in.u32();
  op.babies = read_rotations(in);
  op.giants = read_rotations(in);
  op.weight_scale.value = in.f64();
  op.met_square = in.f64();
  op.diagonals.resize(in.count(kMaxElements, 20, "diagonals"));
  for (Diagonal& diagonal : op.diagonals) {
    for (std::uint32_t* v : {&diagonal.input, &diagonal.output, &diagonal.baby, &diagonal.giant}) {
      *v = in.u32();
    }
    runs ? read_runs(in, diagonal, left) : read_diagonal(in, diagonal);
  }
  return op;
}

AffineTerm read_term(ByteReader& in) {
  AffineTerm term;
  term.from = in.u32();
  term.matrices.resize(in.count(kMaxElements, 8, "matrices"));
  for (WeightMatrix& matrix : term.matrices) matrix = read_matrix(in);
  term.blocks.resize(in.count(kMaxElements, 12, "blocks"));
  for (Block& block : term.blocks) {
    block.matrix = in.u32();
    block.inputs =
        read_list<std::uint32_t>(in, kMaxElements, 4, "block inputs", [&] { return in.u32(); });
    block.outputs =
        read_list<std::uint32_t>(in, kMaxElements, 4, "block outputs", [&] { return in.u32(); });
  }
  return term;
}

Contract read_contract(ByteReader& in) {
  Contract op;
  op.a = in.u32();
  op.b = in.u32();
  op.terms.resize(in.count(kMaxElements, 12, "products"));
  for (ProductTerm& term : op.terms) {
    for (std::uint32_t* v : {&term.i, &term.j, &term.out}) *v = in.u32();
  }
  return op;
}

// The ops of steps.
Op read_step_op(ByteReader& in, std::uint8_t kind) {
  if (kind == 12) return read_contract(in);
  const ValueId from = in.u32();
  switch (kind) {
    case 13: {
      Mask op{from, {}, {}};
      op.factors = read_list<double>(in, kMaxElements, 8, "factors", [&] { return in.f64(); });
      op.weight_scale.value = in.f64();
      return op;
    }
    case 14:
      return Rotate{from, read_rotations(in)};
    case 15:
      return RotatedTotal{from, read_rotations(in)};
    case 16:
      return Select{from, read_list<std::uint32_t>(in, kMaxElements, 4, "elements",
                                                   [&] { return in.u32(); })};
    default:
      return Reinterpret{from};
  }
}

Op read_op(ByteReader& in, std::uint8_t kind, std::size_t& left) {
  switch (kind) {
    case 0:
      return Input{};
    case 1: {
      Affine op;
      op.terms.resize(in.count(1024, 12, "terms"));
      for (AffineTerm& term : op.terms) term = read_term(in);
      op.bias = read_list<double>(in, kMaxElements, 8, "biases", [&] { return in.f64(); });
      return op;
    }
    case 2:
      return Square{in.u32()};
    case 3: {
      const ValueId a = in.u32();
      return Multiply{a, in.u32()};
    }
    case 4: {
      AddScaled op;
      op.from = in.u32();
      op.addend = in.u32();
      op.factors = read_list<std::int64_t>(in, kMaxElements, 8, "factors",
                                           [&] { return static_cast<std::int64_t>(in.u64()); });
      return op;
    }
    case 5: {
      AddConstant op;
      op.from = in.u32();
      op.constants = read_list<double>(in, kMaxElements, 8, "constants", [&] { return in.f64(); });
      return op;
    }
    case 6:
      return Relinearise{in.u32()};
    case 7: {
      const ValueId from = in.u32();
      return Rescale{from, in.u32()};
    }
    case 8:
      return ModDrop{in.u32()};
    case 9: {
      const ValueId from = in.u32();
      return ScaleUp{from, in.u64()};
    }
    case 10:
    case kTransformInRuns:
      return read_transform(in, kind == kTransformInRuns, left);
    case 11: {
      const ValueId from = in.u32();
      return RotateSum{from, read_rotations(in)};
    }
    case 12:
    case 13:
    case 14:
    case 15:
    case 16:
    case 17:
      return read_step_op(in, kind);
    default:
      in.corrupt("names op kind " + std::to_string(kind) + ", which this version does not know");
  }
}

}  // namespace

void write(const Program& program, ByteWriter& out) {
  const bool named = is_named(program);
  const bool beside = program.images > 1;
  out.u8(static_cast<std::uint8_t>(static_cast<unsigned>(program.layout) | (named ? kNamed : 0u) |
                                   (beside ? kBeside : 0u)));
  out.u32(program.positions);
  if (beside) out.u32(program.images);
  write_list(out, program.primes);
  write_list(out, program.special_primes);
  out.u32(static_cast<std::uint32_t>(program.values.size()));
  for (const Value& value : program.values) {
    out.u8(kind_of(value.op));
    std::visit([&](const auto& op) { write_op(out, op); }, value.op);
    out.string(value.layer);
    out.u32(value.count);
    out.u32(value.parts);
    out.u32(value.level.value);
    out.f64(value.scale.value);
    out.f64(value.calibrated);
  }
  if (named) write_names(out, program);
}

Program read(ByteReader& in) {
  Program program;
  const std::uint8_t form = in.u8();
  const bool named = (form & kNamed) != 0;
  const auto layout = static_cast<std::uint8_t>(form & ~(kNamed | kBeside));
  if (layout > 1) in.corrupt("names layout " + std::to_string(form) + ", which is unknown");
  program.layout = static_cast<Layout>(layout);
  program.positions = in.u32();
  if ((form & kBeside) != 0) program.images = in.u32();
  program.primes = read_list<std::uint64_t>(in, kMaxPrimes, 8, "primes", [&] { return in.u64(); });
  program.special_primes =
      read_list<std::uint64_t>(in, kMaxPrimes, 8, "special primes", [&] { return in.u64(); });
  program.values.resize(in.count(kMaxValues, 30, "values"));
  std::size_t left = kMaxWeights;
  for (Value& value : program.values) {
    const std::uint8_t kind = in.u8();
    value.op = read_op(in, kind, left);
    value.layer = in.string(kMaxName);
    value.count = in.u32();
    if (value.count > kMaxElements) in.corrupt("a value announces too many ciphertexts");
    value.parts = in.u32();
    value.level.value = in.u32();
    value.scale.value = in.f64();
    value.calibrated = in.f64();
  }
  if (named) read_names(in, program);
  verify(program);
  return program;
}

}  // namespace serdab::program
