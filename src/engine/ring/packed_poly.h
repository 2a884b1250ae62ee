#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/ring/automorphism.h"
#include "engine/ring/ring.h"
#include "engine/ring/rns_poly.h"

namespace serdab::ring {

/// Values of a public polynomial that are kept to be multiplied with, as keys and weights are:
/// residues of primes of at most kernels::kShortBits bits take four bytes. Of a polynomial in X^r
/// one of r consecutive residues may be kept, n()·r being the ring's dimension: no automorphism
/// then. Moves only; const access may be shared.
class PackedPoly {
 public:
  PackedPoly() = default;
  /// Contents unspecified until set.
  explicit PackedPoly(const RnsBasis& basis);
  /// The polynomial's first basis.size() limbs, of as many residues as it has.
  PackedPoly(const RnsBasis& basis, const RnsPoly<Ntt>& poly);

  std::size_t n() const { return n_; }
  std::size_t limbs() const { return limbs_.size(); }
  bool is_short(std::size_t i) const { return limbs_[i].words.empty(); }
  /// Of a limb that is short, and of one that is not.
  const std::uint32_t* short_limb(std::size_t i) const { return limbs_[i].short_words.data(); }
  const std::uint64_t* limb(std::size_t i) const { return limbs_[i].words.data(); }

  /// For a limb that is not short.
  std::uint64_t* limb(std::size_t i) { return limbs_[i].words.data(); }
  /// `words` may be the limb's own.
  void set_limb(std::size_t i, const std::uint64_t* words);

  RnsPoly<Ntt> unpacked() const;
  /// X → X^g.
  void apply(const Automorphism& automorphism);

  /// Memory of one in this basis.
  static std::size_t bytes(const RnsBasis& basis);

 private:
  PackedPoly(const RnsBasis& basis, std::size_t n);

  struct Limb {
    base::Buffer<std::uint64_t> words;
    base::Buffer<std::uint32_t> short_words;
  };
  std::vector<Limb> limbs_;
  std::size_t n_ = 0;
};

}  // namespace serdab::ring
