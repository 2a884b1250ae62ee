#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

namespace serdab::ckks_params {

/// Keys and weights keep residues of primes of at most so many bits in four bytes
/// (kernels::kShortBits).
inline constexpr unsigned kShortPrimeBits = 31;
/// Weights that are encoded on the way live together up to so many bytes.
inline constexpr std::size_t kEncodingBytes = std::size_t{256} << 20;
/// Of weights that repeat only one period is kept, of at least so many residues a prime: a
/// transform of fewer is not worth tables of its own.
inline constexpr std::size_t kLeastRepeated = 128;
/// Residues a prime that are kept of weights in dimension n.
constexpr std::size_t kept_residues(std::size_t n, std::size_t repeats) {
  return std::max(n / repeats, std::min(n, kLeastRepeated));
}

/// Work of one kind of machine word each, counted without running anything.
struct WorkCounts {
  double butterflies = 0;      ///< NTT butterflies on one residue
  double macs = 0;             ///< GEMM multiply-accumulates whose products fit 53 bits unsplit
  double wide_macs = 0;        ///< the others
  double gemm_words = 0;       ///< residues that a GEMM reads or writes
  double multiplications = 0;  ///< elementwise modular multiplications, inner products included
  double short_products = 0;   ///< of inner products modulo primes whose residues take four bytes
  double streamed_bytes = 0;   ///< keys and encoded weights: from memory, once a query
  double moved_words = 0;      ///< residues permuted, or added with one factor or none
  double uniform_words = 0;    ///< residues expanded from a seed or unpacked from bits
  double fresh_bytes = 0;      ///< memory taken from the operating system

  WorkCounts& operator+=(const WorkCounts& other);
};
WorkCounts operator*(double times, const WorkCounts& counts);

/// Nanoseconds of one thread for each unit of work, and how well threads add up.
struct MachineProfile {
  std::string name;
  double butterfly_ns = 0;
  double mac_ns = 0;
  double wide_mac_ns = 0;
  double gemm_word_ns = 0;
  double multiplication_ns = 0;
  double short_product_ns = 0;
  double streamed_byte_ns = 0;
  double moved_word_ns = 0;
  double uniform_word_ns = 0;
  double fresh_byte_ns = 0;
  double thread_efficiency = 0;  ///< share of a further thread that is gained, 0 to 1

  double seconds(const WorkCounts& counts, std::size_t threads) const;
};

/// What plans are made from where nobody ran 'serdab bench --calibrate': a processor with AVX2.
MachineProfile builtin_profile();

}  // namespace serdab::ckks_params
