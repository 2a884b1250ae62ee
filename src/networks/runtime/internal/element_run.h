#pragma once

#include <map>
#include <span>

#include "networks/runtime/executor.h"

namespace serdab::runtime {

/// The ops of a stage on one of its elements. Holds what lies between until its last reader in the
/// stage has run. Used by one thread; other threads may run other elements.
class Executor::ElementRun {
 public:
  ElementRun(const Executor& run, const program::Stage& stage, std::uint32_t index)
      : run_(run), stage_(stage), index_(index) {}

  /// A value made before.
  void give(program::ValueId id, ckks::Ciphertext&& made) { local_.emplace(id, std::move(made)); }
  /// Runs stage.values[begin] and all after it.
  void run(std::size_t begin);
  /// One of the stage's stored values, after run().
  ckks::Ciphertext take(program::ValueId id) { return std::move(local_.at(id)); }
  /// What run() did.
  const Ran& ran() const { return ran_; }

 private:
  /// A value of this stage, or an element of an earlier one: the same, or the only one.
  const ckks::Ciphertext& operand(program::ValueId from) const;
  /// The operand itself if nobody reads it any more, else a copy.
  ckks::Ciphertext consume(program::ValueId from);
  bool needed_later(program::ValueId id) const;
  /// Lets go what op `id` was the last to read.
  void release(program::ValueId id);

  ckks::Ciphertext make(const program::Square& op);
  ckks::Ciphertext make(const program::Multiply& op);
  ckks::Ciphertext make(const program::AddScaled& op);
  ckks::Ciphertext make(const program::AddConstant& op);
  ckks::Ciphertext make(const program::Relinearise& op);
  ckks::Ciphertext make(const program::Rescale& op);
  ckks::Ciphertext make(const program::ModDrop& op);
  ckks::Ciphertext make(const program::ScaleUp& op);
  ckks::Ciphertext make(const program::RotateSum& op);
  ckks::Ciphertext make(const program::Contract& op);
  ckks::Ciphertext make(const program::Mask& op);
  ckks::Ciphertext make(const program::Select& op);
  ckks::Ciphertext make(const program::Reinterpret& op);
  /// What is made for all elements together is given, never made here.
  template <typename Op>
  ckks::Ciphertext make(const Op& op);

  ckks::Ciphertext relinearise_rescale(const program::Relinearise& op, std::size_t primes);
  ckks::Ciphertext add_rotations(const program::RotateSum& op, std::size_t rescale_primes);

  const program::Value& value() const { return run_.program_.values[id_]; }

  const Executor& run_;
  const program::Stage& stage_;
  std::uint32_t index_;
  program::ValueId id_ = 0;  ///< that is being made
  std::map<program::ValueId, ckks::Ciphertext> local_;
  Ran ran_;
};

}  // namespace serdab::runtime
