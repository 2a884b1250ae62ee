#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <vector>

#include "engine/circuits/linear_transform.h"
#include "engine/ckks/context.h"
#include "engine/ckks/encoder.h"
#include "networks/program/program.h"

namespace serdab::runtime {

/// A program with its plaintexts: made once for a model, shared by all jobs. Immutable; const
/// access may be shared by threads. Program and context must outlive it.
class Prepared {
 public:
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  /// Weights of transforms are encoded now as long as they take at most `max_plaintext_bytes`, the
  /// first transforms first; those of the others whenever they are used. Throws
  /// base::Error(kMismatch) for a program of other primes or positions than the context's. Uses
  /// parallel_for.
  Prepared(const program::Program& program, const ckks::Context& context,
           std::size_t max_plaintext_bytes = kNoLimit);

  const program::Program& program() const { return program_; }
  const ckks::Context& context() const { return context_; }
  /// Slots of a position.
  std::size_t images() const { return context_.slots() / program_.positions; }

  const circuits::LinearTransform& transform(program::ValueId id) const {
    return transforms_.at(id);
  }
  /// The constants of one element of a packed AddConstant.
  const ckks::Plaintext& constants(program::ValueId id, std::uint32_t index) const {
    return constants_.at(id)[index];
  }
  /// In slots.
  std::vector<circuits::Rotation> in_slots(const std::vector<program::Rotation>& rotations) const;
  /// Memory of the weights that are encoded.
  std::size_t plaintext_bytes() const;

 private:
  void add_transform(program::ValueId id, const program::Transform& op, bool expanded);
  void add_constants(program::ValueId id, const program::AddConstant& op);

  const program::Program& program_;
  const ckks::Context& context_;
  ckks::Encoder encoder_;
  std::map<program::ValueId, circuits::LinearTransform> transforms_;
  std::map<program::ValueId, std::vector<ckks::Plaintext>> constants_;
};

}  // namespace serdab::runtime
