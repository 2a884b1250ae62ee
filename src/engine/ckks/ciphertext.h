#pragma once

#include <cstddef>
#include <vector>

#include "engine/ckks/context.h"
#include "engine/ckks/key_id.h"
#include "engine/ring/rns_poly.h"
#include "engine/sampling/seed.h"

namespace serdab::ckks {

using Poly = ring::RnsPoly<ring::Ntt>;

/// What must agree between operands; carried by everything encrypted.
struct CiphertextInfo {
  Level level;
  Scale scale;
  ParameterId parameter_id{};
  KeyId key_id{};
};

/// Level and scale after `primes` rescalings: the scale divided by each prime, last first.
CiphertextInfo rescaled_info(const Context& context, const CiphertextInfo& info,
                             std::size_t primes);

/// Encrypts the polynomial part(0) + part(1)·s + part(2)·s² + … modulo q_0 … q_level, which is the
/// message times the scale, plus noise. Two parts, or three between a product and its
/// relinearisation. Moves only; copy with clone(). Const access may be shared between threads.
class Ciphertext {
 public:
  Ciphertext() = default;
  Ciphertext(Ciphertext&&) noexcept = default;
  Ciphertext& operator=(Ciphertext&&) noexcept = default;
  Ciphertext(const Ciphertext&) = delete;
  Ciphertext& operator=(const Ciphertext&) = delete;
  /// `count` parts with unspecified contents, to be filled by kernels.
  Ciphertext(const Context& context, const CiphertextInfo& info, std::size_t count);
  /// Takes parts over; each must have info.level.primes() limbs.
  Ciphertext(const CiphertextInfo& info, std::vector<Poly>&& parts);

  Ciphertext clone() const;

  const CiphertextInfo& info() const { return info_; }
  Level level() const { return info_.level; }
  Scale scale() const { return info_.scale; }
  const KeyId& key_id() const { return info_.key_id; }
  const ParameterId& parameter_id() const { return info_.parameter_id; }

  std::size_t size() const { return parts_.size(); }
  Poly& part(std::size_t i) { return parts_[i]; }
  const Poly& part(std::size_t i) const { return parts_[i]; }

  /// For those who run kernels over the limbs themselves and keep the books: states what the parts
  /// now are. Drops limbs when the level falls.
  void set_info(Level level, Scale scale);
  void add_part(Poly&& part) { parts_.push_back(std::move(part)); }
  void drop_parts(std::size_t keep) { parts_.resize(keep); }

 private:
  CiphertextInfo info_;
  std::vector<Poly> parts_;
};

/// A fresh symmetric encryption whose part(1) is uniform and expands from a public seed: half the
/// bytes.
struct SeededCiphertext {
  CiphertextInfo info;
  Poly c0;
  sampling::Seed seed;

  Ciphertext expand(const Context& context) &&;
};

}  // namespace serdab::ckks
