#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/kernels/message_kernels.h"
#include "engine/kernels/ntt_job.h"
#include "engine/kernels/ntt_tables.h"
#include "engine/kernels/operands.h"

namespace serdab::kernels {

using arith::ShoupFactor;

/// Every word-level operation, once per instruction set; all implementations give the same bits on
/// the same inputs. Primes are below 2^50, n is a multiple of 16, every residue in and out is in
/// [0, q) unless a function says otherwise, arrays are aligned to 64 bytes. Output may be the same
/// array as an input, not partly overlap it. Thread-safe: no state.
struct KernelTable {
  std::string_view name;  ///< "scalar", "avx2" or "avx512ifma"

  /// Coefficients in natural order to values in the order NttTables describes, and back, for every
  /// job. Several polynomials of one prime in one call share the reading of the twiddles.
  void (*ntt_forward)(const NttTables& tables, std::span<const NttJob> jobs);
  void (*ntt_inverse)(const NttTables& tables, std::span<const NttJob> jobs);
  /// One polynomial, in place or to another array.
  void ntt_forward_one(const NttTables& tables, const std::uint64_t* in, std::uint64_t* out) const {
    const NttJob job{.in = in, .out = out};
    ntt_forward(tables, {&job, 1});
  }
  void ntt_forward_one(const NttTables& tables, std::uint64_t* a) const {
    ntt_forward_one(tables, a, a);
  }
  void ntt_inverse_one(const NttTables& tables, const std::uint64_t* in, std::uint64_t* out) const {
    const NttJob job{.in = in, .out = out};
    ntt_inverse(tables, {&job, 1});
  }
  void ntt_inverse_one(const NttTables& tables, std::uint64_t* a) const {
    ntt_inverse_one(tables, a, a);
  }

  void (*add)(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
              std::size_t n);
  void (*subtract)(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b,
                   std::uint64_t* out, std::size_t n);
  void (*negate)(const Modulus& q, const std::uint64_t* a, std::uint64_t* out, std::size_t n);
  /// out = a·b
  void (*multiply)(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b,
                   std::uint64_t* out, std::size_t n);
  /// out += a·b
  void (*multiply_add)(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b,
                       std::uint64_t* out, std::size_t n);
  /// The products of (a0 + a1 s)(b0 + b1 s): out0 = a0·b0, out1 = a0·b1 + a1·b0, out2 = a1·b1.
  void (*tensor)(const Modulus& q, const std::uint64_t* a0, const std::uint64_t* a1,
                 const std::uint64_t* b0, const std::uint64_t* b1, std::uint64_t* out0,
                 std::uint64_t* out1, std::uint64_t* out2, std::size_t n);
  /// The same for a square: out0 = a0², out1 = 2·a0·a1, out2 = a1².
  void (*tensor_square)(const Modulus& q, const std::uint64_t* a0, const std::uint64_t* a1,
                        std::uint64_t* out0, std::uint64_t* out1, std::uint64_t* out2,
                        std::size_t n);
  /// out = a·w (+ out for the _add form) for one factor w.
  void (*multiply_scalar)(const Modulus& q, const std::uint64_t* a, std::uint64_t w,
                          std::uint64_t* out, std::size_t n);
  void (*multiply_scalar_add)(const Modulus& q, const std::uint64_t* a, std::uint64_t w,
                              std::uint64_t* out, std::size_t n);
  /// out = a + w for one summand w.
  void (*add_scalar)(const Modulus& q, const std::uint64_t* a, std::uint64_t w, std::uint64_t* out,
                     std::size_t n);
  /// Residues of another prime, in [0, 2^52), to [0, q).
  void (*reduce)(const Modulus& q, const std::uint64_t* a, std::uint64_t* out, std::size_t n);

  /// An automorphism on NTT values; out must not be a. The _add form: out = b + that; out may be b.
  void (*permute)(const Permutation& moves, const std::uint64_t* a, std::uint64_t* out,
                  std::size_t n);
  void (*permute_add)(const Modulus& q, const Permutation& moves, const std::uint64_t* a,
                      const std::uint64_t* b, std::uint64_t* out, std::size_t n);

  /// Key-switching inner products: accumulated without reduction, reduced once.
  void (*inner_product)(const Modulus& q, const InnerProduct& sums, std::size_t n);

  /// Exact base conversion from all sources to all targets.
  void (*change_basis)(const BasisChange& change, std::size_t n);

  /// Modular GEMM (design: batch layout) of all blocks of a tile: products are accumulated without
  /// reduction and reduced once a block.
  void (*gemm)(const Modulus& q, const Gemm& gemm, std::size_t n);

  /// Encoding, encryption, decryption, decoding and their wire format.
  MessageKernels messages;
};

const KernelTable& scalar_kernels();

/// All tables this machine can run, scalar first, fastest last.
std::vector<const KernelTable*> available_kernels();

/// The table in use: the fastest available, or what the environment variable SERDAB_KERNELS names
/// (scalar, avx2, avx512ifma). Chosen once. Throws base::Error(kUnsupported) when the variable
/// names a table that is unknown or that this machine cannot run, listing those it can.
const KernelTable& kernels();

/// What kernels() does with the variable's value; an empty name is the fastest table.
const KernelTable& select_kernels(std::string_view name);

}  // namespace serdab::kernels
