#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kernels/operands.h"

namespace serdab::kernels::avx2 {

using arith::Modulus;
using Words = const std::uint64_t*;
using WordsOut = std::uint64_t*;

void add(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n);
void subtract(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n);
void negate(const Modulus& q, Words a, WordsOut out, std::size_t n);
void multiply(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n);
void multiply_add(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n);
void tensor(const Modulus& q, Words a0, Words a1, Words b0, Words b1, WordsOut out0, WordsOut out1,
            WordsOut out2, std::size_t n);
void tensor_square(const Modulus& q, Words a0, Words a1, WordsOut out0, WordsOut out1,
                   WordsOut out2, std::size_t n);
void multiply_scalar(const Modulus& q, Words a, std::uint64_t w, WordsOut out, std::size_t n);
void multiply_scalar_add(const Modulus& q, Words a, std::uint64_t w, WordsOut out, std::size_t n);
void add_scalar(const Modulus& q, Words a, std::uint64_t w, WordsOut out, std::size_t n);
void reduce(const Modulus& q, Words a, WordsOut out, std::size_t n);
void permute(const Permutation& moves, Words a, WordsOut out, std::size_t n);
void permute_add(const Modulus& q, const Permutation& moves, Words a, Words b, WordsOut out,
                 std::size_t n);

}  // namespace serdab::kernels::avx2
