#pragma once

#include <span>

#include "engine/kernels/ntt_job.h"
#include "engine/kernels/ntt_tables.h"

namespace serdab::kernels::avx2 {

void ntt_forward(const NttTables& tables, std::span<const NttJob> jobs);
void ntt_inverse(const NttTables& tables, std::span<const NttJob> jobs);

/// Below this the transforms are the scalar ones.
constexpr unsigned kMinLogN = 7;

}  // namespace serdab::kernels::avx2
