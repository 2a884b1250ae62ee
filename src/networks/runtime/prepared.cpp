#include "networks/runtime/prepared.h"

#include <algorithm>
#include <tuple>

#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "networks/program/prepared_weights.h"

namespace serdab::runtime {

Prepared::Prepared(const program::Program& program, const ckks::Context& context,
                   std::size_t max_plaintext_bytes)
    : program_(program), context_(context), encoder_(context) {
  if (program.primes != context.parameters().q() ||
      program.special_primes != context.parameters().p()) {
    base::fail(base::ErrorCode::kMismatch,
               "the program was compiled for other parameters than these");
  }
  if (program.places() > context.slots()) {
    base::fail(base::ErrorCode::kMismatch, "the program has " + std::to_string(program.places()) +
                                               " positions a ciphertext, these parameters have " +
                                               std::to_string(context.slots()) + " slots");
  }
  add_masks();
  const std::vector<bool> prepared = program::prepared_weights(
      program, context.n(), max_plaintext_bytes - std::min(max_plaintext_bytes, plaintext_bytes()));
  for (program::ValueId id = 0; id < program.values.size(); ++id) {
    const program::Value& value = program.values[id];
    if (const auto* transform = std::get_if<program::Transform>(&value.op)) {
      add_transform(id, *transform, prepared[id]);
    } else if (const auto* constant = std::get_if<program::AddConstant>(&value.op)) {
      if (program.positions > 1 && constant->constants.size() > 1) add_constants(id, *constant);
    }
  }
}

std::vector<circuits::Rotation> Prepared::in_slots(
    const std::vector<program::Rotation>& rotations) const {
  const auto slots = static_cast<std::uint32_t>(lanes());
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
  shape.repeats = std::size_t{op.repeats} * program_.images;
  shape.babies = in_slots(op.babies);
  shape.giants = in_slots(op.giants);
  for (const program::Diagonal& d : op.diagonals) {
    shape.terms.push_back(
        {d.input, d.output, d.baby, d.giant, static_cast<std::uint32_t>(shape.terms.size())});
  }
  const auto fill = [&diagonals = op.diagonals, lanes = lanes()](std::uint32_t index,
                                                                 std::span<double> slots) {
    const program::Diagonal& diagonal = diagonals[index];
    for (std::size_t i = 0; i < diagonal.positions.size(); ++i) {
      std::fill_n(slots.begin() + static_cast<std::ptrdiff_t>(diagonal.positions[i] * lanes), lanes,
                  diagonal.weights[i]);
    }
  };
  transforms_.emplace(id, circuits::LinearTransform(context_, encoder_, std::move(shape), fill,
                                                    value.level, op.weight_scale, expanded));
}

void Prepared::add_constants(program::ValueId id, const program::AddConstant& op) {
  const program::Value& value = program_.values[id];
  const bool alike = op.constants.size() == program_.positions;
  std::vector<ckks::Plaintext> encoded(alike ? 1 : value.count);
  base::parallel_for(encoded.size(), [&](std::size_t index) {
    const std::span<const double> constants = op.constants;
    encoded[index] =
        encoder_.encode(spread(constants.subspan(index * program_.positions, program_.positions)),
                        value.level, value.scale);
  });
  constants_.emplace(id, std::move(encoded));
}

std::vector<double> Prepared::spread(std::span<const double> numbers) const {
  std::vector<double> slots(context_.slots());
  for (std::size_t place = 0; place < program_.places(); ++place) {
    std::fill_n(slots.begin() + static_cast<std::ptrdiff_t>(place * lanes()), lanes(),
                numbers[place % numbers.size()]);
  }
  return slots;
}

void Prepared::add_masks() {
  using Key = std::tuple<base::Level, base::Scale, std::vector<double>>;
  std::map<Key, std::size_t> known;
  for (program::ValueId id = 0; id < program_.values.size(); ++id) {
    const auto* mask = std::get_if<program::Mask>(&program_.values[id].op);
    if (mask == nullptr) continue;
    const std::size_t positions = program_.positions;
    for (auto at = mask->factors.begin(); at != mask->factors.end();) {
      const auto end = at + static_cast<std::ptrdiff_t>(positions);
      Key key{program_.values[id].level, mask->weight_scale, std::vector<double>(at, end)};
      mask_of_[id].push_back(known.try_emplace(std::move(key), known.size()).first->second);
      at = end;
    }
  }
  std::vector<const Key*> keys(known.size());
  for (const auto& [key, index] : known) keys[index] = &key;
  masks_.resize(keys.size());
  base::parallel_for(keys.size(), [&](std::size_t i) {
    const auto& [level, scale, factors] = *keys[i];
    masks_[i] = encoder_.encode(spread(factors), level, scale);
  });
}

std::size_t Prepared::plaintext_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [id, transform] : transforms_) bytes += transform.bytes();
  for (const ckks::Plaintext& mask : masks_) {
    bytes += mask.poly.limbs() * mask.poly.n() * sizeof(std::uint64_t);
  }
  return bytes;
}

}  // namespace serdab::runtime
