#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "engine/ckks/ciphertext.h"
#include "engine/ring/automorphism.h"
#include "engine/ring/packed_poly.h"

namespace serdab::ckks {

/// What a switching key turns into the secret s: s² (relinearisation, element 0) or s(X^g).
struct SwitchingKeyInfo {
  ParameterId parameter_id{};
  KeyId key_id{};
  Level level;               ///< serves ciphertexts of this level and below
  GaloisElement element{0};  ///< g, or 0 for s²
};

/// A switching key as it travels: for every digit j of its level, b_j = −a_j·s + e_j +
/// P·(gadget_j)·s' in basis q_0 … q_level, P, where a_j is polynomial j expanded from the seed.
/// Half the bytes of the key.
struct SeededSwitchingKey {
  SwitchingKeyInfo info;
  sampling::Seed seed;
  std::vector<Poly> b;
};

/// Both halves of every digit, ready for use. Immutable; shared between threads by const&.
class SwitchingKey {
 public:
  /// Expands the a_j. Throws base::Error(kMismatch) when the key is not of these parameters or
  /// misshapen.
  SwitchingKey(const Context& context, SeededSwitchingKey&& seeded);
  /// From both halves, for keys made elsewhere.
  SwitchingKey(const Context& context, const SwitchingKeyInfo& info, std::vector<Poly>&& b,
               std::vector<Poly>&& a);
  SwitchingKey(SwitchingKey&&) noexcept = default;
  SwitchingKey& operator=(SwitchingKey&&) noexcept = default;
  SwitchingKey(const SwitchingKey&) = delete;
  SwitchingKey& operator=(const SwitchingKey&) = delete;

  const SwitchingKeyInfo& info() const { return info_; }
  std::size_t digits() const { return b_.size(); }
  /// X → X^g on all polynomials.
  void apply(const ring::Automorphism& automorphism);

  const ring::PackedPoly& b(std::size_t digit) const { return b_[digit]; }
  const ring::PackedPoly& a(std::size_t digit) const { return a_[digit]; }

 private:
  SwitchingKeyInfo info_;
  std::vector<ring::PackedPoly> b_, a_;
};

/// s² → s.
class RelinearisationKey {
 public:
  /// Throws base::Error(kMismatch) when it is a key for something else.
  explicit RelinearisationKey(SwitchingKey&& key);
  const SwitchingKey& switching_key() const { return key_; }

 private:
  SwitchingKey key_;
};

/// s(X^g) → s. Its polynomials are kept moved by X → X^(1/g), so that a ciphertext is switched
/// first and moved last, Σ d_j(X^g)·k_j = (Σ d_j·k_j(X^(1/g)))(X^g): what the digits of one
/// polynomial are multiplied with then never needs to be moved, whatever the number of rotations.
class GaloisKey {
 public:
  GaloisKey(const Context& context, SwitchingKey&& key);
  const SwitchingKey& switching_key() const { return key_; }
  const ring::Automorphism& automorphism() const { return automorphism_; }
  GaloisElement element() const { return automorphism_.element(); }
  /// False in contexts of positive digits, where the order of the two steps shows in the bits.
  bool is_moved() const { return moved_; }

 private:
  SwitchingKey key_;
  ring::Automorphism automorphism_;
  bool moved_;
};

/// The Galois keys of one secret, by element. Filled before it is shared.
class GaloisKeys {
 public:
  void add(GaloisKey&& key);
  /// Throws base::Error(kInvalidArgument) naming the element when it is missing.
  const GaloisKey& at(GaloisElement element) const;
  bool contains(GaloisElement element) const { return keys_.count(element) > 0; }
  std::size_t size() const { return keys_.size(); }

 private:
  std::map<GaloisElement, GaloisKey> keys_;
};

/// (b, a) = (−a·s + e, a) in basis Q, P: what encrypts without the secret.
struct PublicKey {
  ParameterId parameter_id{};
  KeyId key_id{};
  Poly b, a;
};

}  // namespace serdab::ckks
