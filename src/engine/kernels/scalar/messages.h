#pragma once

#include "engine/kernels/message_kernels.h"

/// The specification of MessageKernels.
namespace serdab::kernels::scalar {

using arith::Modulus;
using Complex = std::complex<double>;

void fft_forward(const Complex* roots, unsigned log_n, double* re, double* im);
void fft_inverse(const Complex* roots, unsigned log_n, double* re, double* im);
double scale_round(double factor, double* x, std::size_t n);
void integer_residues(const Modulus& q, double bound, const double* x, std::uint64_t* out,
                      std::size_t n);
void small_residues(const Modulus& q, const std::int8_t* x, std::uint64_t* out, std::size_t n);
void centred_doubles(std::size_t count, const Modulus* moduli, const std::uint64_t* inverses,
                     std::uint64_t* const* residues, double* out, std::size_t n);
void multiply_plus(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b,
                   const std::uint64_t* c, std::uint64_t* out, std::size_t n);
void mask(const Modulus& q, const std::uint64_t* a, const std::uint64_t* s, const std::uint64_t* e,
          const std::uint64_t* m, std::uint64_t* out, std::size_t n);
void signed_samples(const std::uint64_t* table, std::size_t entries, const std::uint64_t* words,
                    std::int8_t* out, std::size_t n);
std::size_t keep_below(const Modulus& q, std::uint64_t* words, std::size_t n);
void pack_bits(const std::uint64_t* words, std::size_t n, unsigned bits, std::uint8_t* out);
void unpack_bits(const std::uint8_t* bytes, std::size_t n, unsigned bits, std::uint64_t* words);

constexpr MessageKernels kMessages = {
    .fft_forward = fft_forward,
    .fft_inverse = fft_inverse,
    .scale_round = scale_round,
    .integer_residues = integer_residues,
    .small_residues = small_residues,
    .centred_doubles = centred_doubles,
    .multiply_plus = multiply_plus,
    .mask = mask,
    .signed_samples = signed_samples,
    .keep_below = keep_below,
    .pack_bits = pack_bits,
    .unpack_bits = unpack_bits,
};

}  // namespace serdab::kernels::scalar
