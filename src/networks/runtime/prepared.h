#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <span>
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

  /// Masks are encoded now, each distinct vector of a level and scale once. Weights of transforms
  /// are too as long as they take at most what masks leave of `max_plaintext_bytes`, the first
  /// transforms first; those of the others whenever they are used. Throws
  /// base::Error(kMismatch) for a program of other primes or positions than the context's. Uses
  /// parallel_for.
  Prepared(const program::Program& program, const ckks::Context& context,
           std::size_t max_plaintext_bytes = kNoLimit);

  const program::Program& program() const { return program_; }
  const ckks::Context& context() const { return context_; }
  /// Images that a ciphertext holds.
  std::size_t images() const { return context_.slots() / program_.positions; }
  /// Slots of a place.
  std::size_t lanes() const { return context_.slots() / program_.places(); }

  const circuits::LinearTransform& transform(program::ValueId id) const {
    return transforms_.at(id);
  }
  /// The constants of one element of a packed AddConstant.
  const ckks::Plaintext& constants(program::ValueId id, std::uint32_t index) const {
    const std::vector<ckks::Plaintext>& of_value = constants_.at(id);
    return of_value[of_value.size() == 1 ? 0 : index];
  }
  /// The factors of one element of a Mask.
  const ckks::Plaintext& mask(program::ValueId id, std::uint32_t index) const {
    const std::vector<std::size_t>& of_value = mask_of_.at(id);
    return masks_[of_value[of_value.size() == 1 ? 0 : index]];
  }
  /// In slots.
  std::vector<circuits::Rotation> in_slots(const std::vector<program::Rotation>& rotations) const;
  /// Memory of the weights and masks that are encoded.
  std::size_t plaintext_bytes() const;

 private:
  void add_transform(program::ValueId id, const program::Transform& op, bool expanded);
  void add_constants(program::ValueId id, const program::AddConstant& op);
  void add_masks();
  /// A number for every position, in slots: of every image.
  std::vector<double> spread(std::span<const double> numbers) const;

  const program::Program& program_;
  const ckks::Context& context_;
  ckks::Encoder encoder_;
  std::map<program::ValueId, circuits::LinearTransform> transforms_;
  std::map<program::ValueId, std::vector<ckks::Plaintext>> constants_;
  std::vector<ckks::Plaintext> masks_;
  std::map<program::ValueId, std::vector<std::size_t>> mask_of_;  ///< by element, or one for all
};

}  // namespace serdab::runtime
