#pragma once

#include <cstddef>

#include "engine/kernels/operands.h"

/// The specification of the members of KernelTable that add up many products.
namespace serdab::kernels::scalar {

void inner_product(const Modulus& q, const InnerProduct& sums, std::size_t n);
void change_basis(const BasisChange& change, std::size_t n);
void gemm(const Modulus& q, const Gemm& gemm, std::size_t n);

}  // namespace serdab::kernels::scalar
