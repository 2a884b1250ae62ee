#pragma once

#include <cstdint>

#include "engine/kernels/ntt_tables.h"

namespace serdab::kernels::scalar {

/// The specification of KernelTable::ntt_forward and ntt_inverse.
void ntt_forward(const NttTables& tables, std::uint64_t* a);
void ntt_inverse(const NttTables& tables, std::uint64_t* a);

}  // namespace serdab::kernels::scalar
