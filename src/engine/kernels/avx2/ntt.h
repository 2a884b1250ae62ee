#pragma once

#include <cstdint>

#include "engine/kernels/ntt_tables.h"

namespace serdab::kernels::avx2 {

void ntt_forward(const NttTables& tables, std::uint64_t* a);
void ntt_inverse(const NttTables& tables, std::uint64_t* a);

/// Below this the transforms are the scalar ones.
constexpr unsigned kMinLogN = 7;

}  // namespace serdab::kernels::avx2
