#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/ring/ring.h"

namespace serdab::ring {

/// Which integer a residue modulo M stands for: the one in [0, M), or the one in (−M/2, M/2).
enum class Representative { kPositive, kCentred };

/// Exact change of basis for coefficients: residues over `count` consecutive primes of a ring, with
/// product M, to residues over any other prime of it. The source is first brought to mixed-radix
/// digits (Garner), x = x_0 + x_1·m_0 + x_2·m_0·m_1 + …, so that the result is x itself for x in
/// [0, M): the multiples of M that fast base conversion leaves (Halevi–Polyakov–Shoup 2018/117,
/// section 2.2) never appear. Costs count²/2 element-wise passes on the source, nothing on the
/// targets; for one prime it is one reduction. Immutable; const calls may
/// run on several threads.
class BaseConverter {
 public:
  /// From these primes, by their indices in the ring; distinct, 1 to 64 of them.
  BaseConverter(const Ring& ring, std::vector<std::size_t> sources);

  const std::vector<std::size_t>& sources() const { return sources_; }
  std::size_t count() const { return sources_.size(); }

  /// In place: residues of x, count vectors of n words one after another, to the mixed-radix digits
  /// of x (or, for kCentred and several primes, of x + floor(M/2)).
  void to_digits(std::uint64_t* residues, Representative form) const;
  /// x, as the representative meant by `form`, modulo the prime of that index, from its digits.
  void convert(const std::uint64_t* digits, std::size_t target, Representative form,
               std::uint64_t* out) const;

  /// M^-1 modulo the prime of that index; 0 for source primes.
  std::uint64_t inverse_product(std::size_t target) const { return inverse_product_[target]; }

 private:
  const Ring* ring_;
  std::vector<std::size_t> sources_;
  std::vector<std::uint64_t> factors_;  ///< [target][i]: m_0···m_{i−1} mod target
  std::vector<std::uint64_t> inverse_product_;
  std::vector<std::uint64_t> half_product_;  ///< floor(M/2) mod target
};

}  // namespace serdab::ring
