#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "engine/base/assert.h"
#include "engine/base/buffer.h"
#include "engine/base/secure_zero.h"

namespace serdab::ring {

/// Where a polynomial's words live: evaluations in the order of kernels::NttTables, or
/// coefficients.
struct Ntt {};
struct Coeff {};

/// A polynomial modulo several primes: `limbs` vectors of n residues in [0, q_i), one buffer, limb
/// after limb. Which primes is said by the RnsBasis passed along with it. Contents are unspecified
/// until written. Moves only; copy with clone(). Const access may be shared between threads;
/// distinct limbs may be written by distinct threads.
template <typename Domain>
class RnsPoly {
 public:
  RnsPoly() = default;
  RnsPoly(std::size_t n, std::size_t limbs, base::Secrecy secrecy = base::Secrecy::kPublic)
      : words_(n * limbs), n_(n), limbs_(limbs), secrecy_(secrecy) {}
  /// Takes over words that already hold limbs.
  RnsPoly(base::Buffer<std::uint64_t>&& words, std::size_t n, std::size_t limbs,
          base::Secrecy secrecy = base::Secrecy::kPublic)
      : words_(std::move(words)), n_(n), limbs_(limbs), secrecy_(secrecy) {
    SERDAB_ASSERT(words_.size() >= n * limbs);
  }
  RnsPoly(RnsPoly&&) noexcept = default;
  RnsPoly& operator=(RnsPoly&& other) noexcept {
    if (this == &other) return *this;
    wipe();
    words_ = std::move(other.words_);
    n_ = other.n_;
    limbs_ = other.limbs_;
    secrecy_ = other.secrecy_;
    return *this;
  }
  ~RnsPoly() { wipe(); }

  static RnsPoly zeroed(std::size_t n, std::size_t limbs) {
    return RnsPoly(base::Buffer<std::uint64_t>::zeroed(n * limbs), n, limbs);
  }
  RnsPoly clone() const {
    RnsPoly copy(n_, limbs_, secrecy_);
    if (limbs_ > 0) std::memcpy(copy.words_.data(), words_.data(), n_ * limbs_ * 8);
    return copy;
  }

  std::uint64_t* limb(std::size_t i) {
    SERDAB_ASSERT(i < limbs_);
    return words_.data() + i * n_;
  }
  const std::uint64_t* limb(std::size_t i) const {
    SERDAB_ASSERT(i < limbs_);
    return words_.data() + i * n_;
  }
  std::size_t n() const { return n_; }
  std::size_t limbs() const { return limbs_; }
  bool empty() const { return limbs_ == 0; }
  base::Secrecy secrecy() const { return secrecy_; }

  /// Forgets all limbs but the first `keep`. The memory stays; clone() of the result is smaller.
  void keep_limbs(std::size_t keep) {
    SERDAB_ASSERT(keep <= limbs_);
    limbs_ = keep;
  }
  /// Gives the words up, for a conversion that consumes.
  base::Buffer<std::uint64_t> take_words() && {
    limbs_ = 0;
    return std::move(words_);
  }

 private:
  void wipe() noexcept {
    if (secrecy_ == base::Secrecy::kSecret) base::secure_zero(words_.data(), words_.size() * 8);
  }

  base::Buffer<std::uint64_t> words_;
  std::size_t n_ = 0;
  std::size_t limbs_ = 0;
  base::Secrecy secrecy_ = base::Secrecy::kPublic;  ///< secret words are zeroed when they die
};

}  // namespace serdab::ring
