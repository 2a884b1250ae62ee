#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/base/assert.h"
#include "engine/base/buffer.h"
#include "engine/base/secure_zero.h"

namespace serdab::ring {

/// Where a polynomial's words live: evaluations in the order of kernels::NttTables, or
/// coefficients.
struct Ntt {};
struct Coeff {};

/// A polynomial modulo several primes: `limbs` vectors of n residues in [0, q_i), each in memory of
/// its own, so that a dropped limb is memory at once and all blocks are of one size. Which primes
/// is said by the RnsBasis passed along with it. Contents are unspecified until written. Moves
/// only; copy with clone(). Const access may be shared between threads; distinct limbs may be
/// written by distinct threads.
template <typename Domain>
class RnsPoly {
 public:
  using Limb = base::Buffer<std::uint64_t>;

  RnsPoly() = default;
  RnsPoly(std::size_t n, std::size_t limbs, base::Secrecy secrecy = base::Secrecy::kPublic)
      : n_(n), secrecy_(secrecy) {
    limbs_.reserve(limbs);
    for (std::size_t i = 0; i < limbs; ++i) limbs_.emplace_back(n);
  }
  /// Takes over vectors of n words that already hold limbs.
  RnsPoly(std::vector<Limb>&& limbs, std::size_t n, base::Secrecy secrecy = base::Secrecy::kPublic)
      : limbs_(std::move(limbs)), n_(n), secrecy_(secrecy) {}
  RnsPoly(RnsPoly&&) noexcept = default;
  RnsPoly& operator=(RnsPoly&& other) noexcept {
    if (this == &other) return *this;
    wipe(0);
    limbs_ = std::move(other.limbs_);
    n_ = other.n_;
    secrecy_ = other.secrecy_;
    return *this;
  }
  ~RnsPoly() { wipe(0); }

  static RnsPoly zeroed(std::size_t n, std::size_t limbs) {
    RnsPoly poly(n, limbs);
    for (Limb& limb : poly.limbs_) std::memset(limb.data(), 0, n * sizeof(std::uint64_t));
    return poly;
  }
  RnsPoly clone() const {
    RnsPoly copy(n_, limbs(), secrecy_);
    for (std::size_t i = 0; i < limbs(); ++i) {
      std::memcpy(copy.limb(i), limb(i), n_ * sizeof(std::uint64_t));
    }
    return copy;
  }

  std::uint64_t* limb(std::size_t i) {
    SERDAB_ASSERT(i < limbs_.size());
    return limbs_[i].data();
  }
  const std::uint64_t* limb(std::size_t i) const {
    SERDAB_ASSERT(i < limbs_.size());
    return limbs_[i].data();
  }
  std::size_t n() const { return n_; }
  std::size_t limbs() const { return limbs_.size(); }
  bool empty() const { return limbs_.empty(); }
  base::Secrecy secrecy() const { return secrecy_; }

  /// Drops all limbs but the first `keep`.
  void keep_limbs(std::size_t keep) {
    SERDAB_ASSERT(keep <= limbs_.size());
    wipe(keep);
    limbs_.resize(keep);
  }
  /// Gives the limbs up, for a conversion that consumes.
  std::vector<Limb> take_limbs() && { return std::exchange(limbs_, {}); }

 private:
  void wipe(std::size_t from) noexcept {
    if (secrecy_ != base::Secrecy::kSecret) return;
    for (std::size_t i = from; i < limbs_.size(); ++i) {
      base::secure_zero(limbs_[i].data(), limbs_[i].size() * sizeof(std::uint64_t));
    }
  }

  std::vector<Limb> limbs_;
  std::size_t n_ = 0;
  base::Secrecy secrecy_ = base::Secrecy::kPublic;  ///< secret words are zeroed when they die
};

}  // namespace serdab::ring
