#pragma once

#include <cstdint>
#include <span>

#include "engine/base/buffer.h"
#include "engine/ckks/context.h"
#include "engine/ckks/key_id.h"
#include "engine/ring/rns_poly.h"
#include "engine/sampling/prng.h"

namespace serdab::ckks_secret {

using ckks::Context;
using ckks::KeyId;
using ckks::ParameterId;
using Poly = ring::RnsPoly<ring::Ntt>;

/// A dense ternary secret. Zeroed when it dies; moves only; there is no way to print it, and its
/// coefficients come out only by the function whose name says so. Const access may be shared.
class SecretKey {
 public:
  static SecretKey generate(const Context& context, sampling::Prng& prng);
  /// From a key file: n coefficients in {−1, 0, 1}; throws base::Error(kCorrupt) for others.
  static SecretKey from_coefficients(const Context& context,
                                     std::span<const std::int8_t> coefficients,
                                     const KeyId& key_id);
  SecretKey(SecretKey&&) noexcept = default;
  SecretKey& operator=(SecretKey&&) noexcept = default;
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;

  const KeyId& key_id() const { return key_id_; }
  const ParameterId& parameter_id() const { return parameter_id_; }
  /// Values modulo every prime of the ring (Q, then P): for this room's own use.
  const Poly& values() const { return values_; }
  /// For the key owner's key file, nothing else.
  std::span<const std::int8_t> expose_coefficients() const { return coefficients_.span(); }

 private:
  SecretKey() = default;

  KeyId key_id_{};
  ParameterId parameter_id_{};
  base::SecretBuffer<std::int8_t> coefficients_;
  Poly values_;
};

}  // namespace serdab::ckks_secret
