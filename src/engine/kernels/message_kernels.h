#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>

#include "engine/arith/modulus.h"

namespace serdab::kernels {

/// The operations between messages and residues: transforms of slots, rounding, reduction and
/// reconstruction, sampling, packing. Part of KernelTable, under the same rules: the same bits from
/// every implementation (of floating-point zeros only the value), n a multiple of 16 where nothing
/// else is said.
struct MessageKernels {
  /// The slot transform (ckks/slot_transform.h) of 2^log_n complex values, any log_n, as two
  /// arrays, in place: polynomial modulo X^n − i to its values in bit-reversed order; and back,
  /// times n. roots[0] belongs to the root of the tree, roots[m/2 + i/2] to block i of the layer
  /// with m blocks, i even; the factor of block i + 1 is the imaginary unit times it. One butterfly
  /// after the other, each product of w and x as fma(−x.im, w.im, x.re·w.re), fma(x.im, w.re,
  /// x.re·w.im).
  void (*fft_forward)(const std::complex<double>* roots, unsigned log_n, double* re, double* im);
  void (*fft_inverse)(const std::complex<double>* roots, unsigned log_n, double* re, double* im);

  /// x = x·factor rounded to the nearest integer, ties to even; returns the largest magnitude, or
  /// infinity when a result is not finite.
  double (*scale_round)(double factor, double* x, std::size_t n);

  /// Integers held in doubles to [0, q); |x| <= bound < 2^1000, exact whatever the size.
  void (*integer_residues)(const arith::Modulus& q, double bound, const double* x,
                           std::uint64_t* out, std::size_t n);
  /// The same for small signed integers; constant time. |x| < q.
  void (*small_residues)(const arith::Modulus& q, const std::int8_t* x, std::uint64_t* out,
                         std::size_t n);

  /// The integer in (−Q/2, Q/2) that has the residues residues[i][c] modulo moduli[i], i < count,
  /// distinct odd primes below 2^50, as a double: exact below 2^53, else wrong by at most one unit
  /// in the last place; infinite beyond doubles. By mixed-radix digits (Garner) taken from
  /// −(q_i − 1)/2 … (q_i − 1)/2, so that small integers of either sign end after a few: blocks stop
  /// when all that is left of every residue is 0. inverses[i·count + j] is q_i^-1 mod q_j, i < j.
  /// The residues are overwritten. count <= 64.
  void (*centred_doubles)(std::size_t count, const arith::Modulus* moduli,
                          const std::uint64_t* inverses, std::uint64_t* const* residues,
                          double* out, std::size_t n);

  /// out = a·b + c: decryption.
  void (*multiply_plus)(const arith::Modulus& q, const std::uint64_t* a, const std::uint64_t* b,
                        const std::uint64_t* c, std::uint64_t* out, std::size_t n);
  /// out = e − a·s (+ m where m is not null): encryption.
  void (*mask)(const arith::Modulus& q, const std::uint64_t* a, const std::uint64_t* s,
               const std::uint64_t* e, const std::uint64_t* m, std::uint64_t* out, std::size_t n);

  /// Random words to signed samples: the number of entries, all below 2^63, that do not exceed the
  /// low 63 bits, with the top bit as its sign. Constant time; any n; entries <= 127.
  void (*signed_samples)(const std::uint64_t* table, std::size_t entries,
                         const std::uint64_t* words, std::int8_t* out, std::size_t n);
  /// Masks words to q.bits() bits and moves those below q to the front, in order; returns their
  /// number, any n. What is behind them is unspecified.
  std::size_t (*keep_below)(const arith::Modulus& q, std::uint64_t* words, std::size_t n);

  /// The low `bits` bits (1 … 64) of n words, any n, one after another, least significant first,
  /// the last byte filled with zeros: ceil(n·bits/8) bytes, read and written nowhere else; and
  /// back.
  void (*pack_bits)(const std::uint64_t* words, std::size_t n, unsigned bits, std::uint8_t* out);
  void (*unpack_bits)(const std::uint8_t* bytes, std::size_t n, unsigned bits,
                      std::uint64_t* words);
};

}  // namespace serdab::kernels
