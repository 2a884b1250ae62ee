#include "networks/runtime/prepared.h"

#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace serdab::runtime {
namespace {

// What the weights of a transform take when all of them are encoded.
std::size_t weight_bytes(const ckks::Context& context, const program::Value& value,
                         const program::Transform& op) {
  return op.diagonals.size() * ring::PackedPoly::bytes(context.basis_qp(value.level));
}

}  // namespace

Prepared::Prepared(const program::Program& program, const ckks::Context& context,
                   std::size_t max_plaintext_bytes)
    : program_(program), context_(context), encoder_(context) {
  if (program.primes != context.parameters().q() ||
      program.special_primes != context.parameters().p()) {
    base::fail(base::ErrorCode::kMismatch,
               "the program was compiled for other parameters than these");
  }
  if (program.positions > context.slots()) {
    base::fail(base::ErrorCode::kMismatch, "the program has " + std::to_string(program.positions) +
                                               " positions a ciphertext, these parameters have " +
                                               std::to_string(context.slots()) + " slots");
  }
  std::size_t left = max_plaintext_bytes;
  for (program::ValueId id = 0; id < program.values.size(); ++id) {
    const program::Value& value = program.values[id];
    if (const auto* transform = std::get_if<program::Transform>(&value.op)) {
      const std::size_t bytes = weight_bytes(context, value, *transform);
      add_transform(id, *transform, bytes <= left);
      if (bytes <= left) left -= bytes;
    } else if (const auto* constant = std::get_if<program::AddConstant>(&value.op)) {
      if (program.positions > 1 && constant->constants.size() > 1) add_constants(id, *constant);
    }
  }
}

std::vector<circuits::Rotation> Prepared::in_slots(
    const std::vector<program::Rotation>& rotations) const {
  const auto slots = static_cast<std::uint32_t>(images());
  std::vector<circuits::Rotation> result;
  for (const program::Rotation& rotation : rotations) {
    circuits::Rotation& moved = result.emplace_back();
    moved.shift = rotation.shift * slots;
    for (const std::uint32_t steps : rotation.steps) moved.steps.push_back(steps * slots);
  }
  return result;
}

void Prepared::add_transform(program::ValueId id, const program::Transform& op, bool expanded) {
  const program::Value& value = program_.values[id];
  circuits::TransformShape shape;
  shape.inputs = program_.values[op.from].count;
  shape.outputs = value.count;
  shape.babies = in_slots(op.babies);
  shape.giants = in_slots(op.giants);
  for (const program::Diagonal& d : op.diagonals) {
    shape.terms.push_back(
        {d.input, d.output, d.baby, d.giant, static_cast<std::uint32_t>(shape.terms.size())});
  }
  const auto fill = [&diagonals = op.diagonals, images = images()](std::uint32_t index,
                                                                   std::span<double> slots) {
    const program::Diagonal& diagonal = diagonals[index];
    for (std::size_t i = 0; i < diagonal.positions.size(); ++i) {
      std::fill_n(slots.begin() + static_cast<std::ptrdiff_t>(diagonal.positions[i] * images),
                  images, diagonal.weights[i]);
    }
  };
  transforms_.emplace(id, circuits::LinearTransform(context_, encoder_, std::move(shape), fill,
                                                    value.level, op.weight_scale, expanded));
}

void Prepared::add_constants(program::ValueId id, const program::AddConstant& op) {
  const program::Value& value = program_.values[id];
  std::vector<ckks::Plaintext> encoded(value.count);
  base::parallel_for(encoded.size(), [&](std::size_t index) {
    std::vector<double> slots(context_.slots());
    for (std::size_t position = 0; position < program_.positions; ++position) {
      std::fill_n(slots.begin() + static_cast<std::ptrdiff_t>(position * images()), images(),
                  op.constants[index * program_.positions + position]);
    }
    encoded[index] = encoder_.encode(slots, value.level, value.scale);
  });
  constants_.emplace(id, std::move(encoded));
}

std::size_t Prepared::plaintext_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [id, transform] : transforms_) bytes += transform.bytes();
  return bytes;
}

}  // namespace serdab::runtime
