#pragma once

#include <cstddef>

#include "engine/kernels/operands.h"

namespace serdab::kernels::avx2 {

void inner_product(const Modulus& q, const InnerProduct& sums, std::size_t n);
/// The same for primes of at most kShortBits.
void inner_product_short(const Modulus& q, const InnerProduct& sums, std::size_t n);
void change_basis(const BasisChange& change, std::size_t n);
void gemm(const Modulus& q, const Gemm& gemm, std::size_t n);

}  // namespace serdab::kernels::avx2
