#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/ring/ring.h"

namespace serdab::ring {

/// Which integer a residue modulo M stands for: the one in [0, M), or the one in (−M/2, M/2).
enum class Representative { kPositive, kCentred };

/// Exact change of basis for coefficients: residues over `count` consecutive primes of a ring, with
/// product M, to residues over any other primes of it. The source is first brought to mixed-radix
/// digits (Garner), x = x_0 + x_1·m_0 + x_2·m_0·m_1 + …, so that the result is x itself for x in
/// [0, M): the multiples of M that fast base conversion leaves (Halevi–Polyakov–Shoup 2018/117,
/// section 2.2) never appear. Sources are read once and targets written once; for one source prime
/// it is one reduction. Immutable; const calls may run on several threads.
class BaseConverter {
 public:
  /// From these primes, by their indices in the ring; distinct, 1 to 64 of them.
  BaseConverter(const Ring& ring, std::vector<std::size_t> sources);

  const std::vector<std::size_t>& sources() const { return sources_; }
  std::size_t count() const { return sources_.size(); }

  /// Residues wanted modulo the prime of that index, in an array of n words.
  struct Target {
    std::size_t prime;
    std::uint64_t* out;
  };
  /// From residues of x modulo every source prime (count arrays of n words) to residues of x, taken
  /// as the representative meant by `form`. Targets may be source arrays. Threads share the
  /// columns.
  void convert(const std::uint64_t* const* residues, Representative form,
               std::span<const Target> targets) const;
  /// The same of columns [begin, begin + columns) only, both multiples of 16, on this thread.
  void convert(const std::uint64_t* const* residues, Representative form,
               std::span<const Target> targets, std::size_t begin, std::size_t columns) const;

  /// M^-1 modulo the prime of that index; 0 for source primes.
  std::uint64_t inverse_product(std::size_t target) const { return inverse_product_[target]; }

 private:
  const Ring* ring_;
  std::vector<std::size_t> sources_;
  std::vector<std::uint64_t> inverses_;  ///< [i][j]: m_j^-1 mod m_i
  std::vector<std::uint64_t> factors_;   ///< [target][i]: m_0···m_{i−1} mod target
  std::vector<std::uint64_t> inverse_product_;
  std::vector<std::uint64_t> half_product_;  ///< floor(M/2) mod target
  std::vector<std::uint64_t> shifts_;        ///< floor(M/2) mod m_i
};

}  // namespace serdab::ring
