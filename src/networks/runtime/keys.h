#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/ckks/context.h"
#include "engine/ckks/switching_key.h"
#include "networks/program/program.h"

namespace serdab::runtime {

/// The evaluation keys of one client, expanded once and shared by all jobs that run under them.
/// Immutable; const access may be shared by threads.
class Keys {
 public:
  /// None: for programs that switch no keys.
  Keys() = default;
  /// Throws base::Error(kMismatch) for keys of other parameters or misshapen ones. Uses
  /// parallel_for.
  Keys(const ckks::Context& context, std::optional<ckks::SeededSwitchingKey>&& relinearisation,
       std::vector<ckks::SeededSwitchingKey>&& rotations);

  const ckks::RelinearisationKey* relinearisation() const {
    return relinearisation_ ? &*relinearisation_ : nullptr;
  }
  const ckks::GaloisKeys& rotations() const { return rotations_; }
  /// Of the client; zero without keys.
  const ckks::KeyId& key_id() const { return key_id_; }
  /// Memory of the polynomials, both halves of every digit; tables of the moves come to less than a
  /// hundredth more.
  std::size_t bytes() const { return bytes_; }

  /// Throws base::Error(kMismatch), naming the level or the step, when a key that the program needs
  /// is missing or does not reach its level.
  void check(const program::Program& program, const ckks::Context& context) const;

 private:
  ckks::KeyId key_id_{};
  std::size_t bytes_ = 0;
  std::optional<ckks::RelinearisationKey> relinearisation_;
  ckks::GaloisKeys rotations_;
};

}  // namespace serdab::runtime
