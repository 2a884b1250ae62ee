#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/arith/modulus.h"

/// What the kernels with many operands take. All are borrowed views; residues are in [0, q) of
/// their prime, arrays have n words.
namespace serdab::kernels {

using arith::Modulus;

/// An automorphism's permutation of NTT values, eight aligned words at a time: the outputs 8b … 8b
/// + 7 are the inputs of one aligned block of eight, permuted within it in one of eight ways.
/// (docs/notes/automorphism-blocks.md)
struct Permutation {
  const std::uint32_t* blocks = nullptr;      ///< n/8: 8·(source block) + pattern
  const std::uint64_t (*lanes)[8] = nullptr;  ///< 8 patterns: output lane l takes lanes[p][l]
};

/// Residues of primes of at most so many bits may be kept and read as words of four bytes: what
/// streams from memory is then half as long.
inline constexpr unsigned kShortBits = 31;

/// So many products of residues of so many bits, at most kShortBits, and 2^32 besides are below
/// 2^64.
constexpr std::size_t short_products(unsigned bits) {
  return bits <= 29 ? 64 : std::size_t{1} << (64 - 2 * bits);
}

/// out0 = Σ_j d[j]·k0[j] + addend0·w, out1 = Σ_j d[j]·k1[j] + addend1·w; a null addend is absent.
/// One of d and d_short is given, and k0 and k1 or both short forms (q of at most kShortBits).
/// Every word of d or d_short stands for 2^d_log_repeats columns, the first for those from 0 on.
struct InnerProduct {
  std::size_t digits = 0;  ///< at most 64
  unsigned d_log_repeats = 0;
  const std::uint64_t* const* d = nullptr;
  const std::uint64_t* const* k0 = nullptr;
  const std::uint64_t* const* k1 = nullptr;
  const std::uint32_t* const* d_short = nullptr;
  const std::uint32_t* const* k0_short = nullptr;
  const std::uint32_t* const* k1_short = nullptr;
  const std::uint64_t* addend0 = nullptr;
  const std::uint64_t* addend1 = nullptr;
  std::uint64_t w = 0;
  std::uint64_t* out0 = nullptr;
  std::uint64_t* out1 = nullptr;
};

/// One prime that residues are wanted for. `out` may be a source's array; no two outs are the same.
struct BasisTarget {
  const Modulus* q = nullptr;
  const std::uint64_t* factors = nullptr;  ///< factors[i] = m_0···m_{i−1} mod q
  std::uint64_t offset = 0;                ///< −floor(M/2) mod q if centred, else 0
  std::uint64_t* out = nullptr;
};

/// Residues over m_0 … m_{sources−1}, with product M, to residues over other primes: of the integer
/// in [0, M) or, if centred, in (−M/2, M/2). Exact: through mixed-radix digits (Garner).
struct BasisChange {
  std::size_t sources = 0;                   ///< 1 to 64
  const Modulus* const* moduli = nullptr;    ///< m_i
  const std::uint64_t* const* in = nullptr;  ///< residues modulo m_i
  const std::uint64_t* inverses = nullptr;   ///< [i·sources + j] = m_j^-1 mod m_i, read for j < i
  const std::uint64_t* shifts = nullptr;     ///< floor(M/2) mod m_i if centred, else null
  std::size_t targets = 0;
  const BasisTarget* target = nullptr;
};

/// One output of a block of a modular GEMM.
struct GemmRow {
  std::uint64_t* out = nullptr;
  std::uint64_t bias = 0;   ///< added to every word
  bool accumulate = false;  ///< added to what `out` holds; otherwise that is overwritten
};

/// rows[r] takes Σ_k weights[r][k]·input[columns[k]]: a small matrix of signed integers, row-major,
/// |weight| < 2^20, on some of the inputs. Blocks with the same weights share their preparation.
struct GemmBlock {
  std::size_t row_count = 0;
  std::size_t col_count = 0;  ///< at most 4096
  const std::int32_t* weights = nullptr;
  const std::uint32_t* columns = nullptr;
  const GemmRow* rows = nullptr;
};

/// Blocks on common inputs, done in order. No output is an input.
struct Gemm {
  std::size_t inputs = 0;
  const std::uint64_t* const* in = nullptr;
  std::size_t block_count = 0;
  const GemmBlock* blocks = nullptr;
};

}  // namespace serdab::kernels
