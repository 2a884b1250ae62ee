#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/arith/modulus.h"

namespace serdab::arith {

/// Reconstruction of integers from residues over a basis of distinct primes (Garner). Immutable;
/// const calls may run on several threads.
class Crt {
 public:
  explicit Crt(std::span<const Modulus> basis);

  /// The centred representative in (−Q/2, Q/2] of the residues (one per prime), rounded to double:
  /// correct to the last bit or two whatever the size of Q (mixed-radix digits, summed from the top
  /// after centring).
  double to_centred_double(std::span<const std::uint64_t> residues) const;

  /// log2 Q.
  double log2_product() const { return log2_product_; }
  std::size_t size() const { return basis_.size(); }

 private:
  std::vector<Modulus> basis_;
  std::vector<std::vector<ShoupFactor>> inverse_;  ///< [i][j]: q_j^-1 mod q_i, j < i
  std::vector<std::uint64_t> half_digits_;         ///< mixed-radix digits of floor(Q/2)
  double log2_product_ = 0;
};

}  // namespace serdab::arith
