#pragma once

#include <span>

#include "engine/kernels/ntt_job.h"
#include "engine/kernels/ntt_tables.h"

namespace serdab::kernels::scalar {

/// The specification of KernelTable::ntt_forward and ntt_inverse.
void ntt_forward(const NttTables& tables, std::span<const NttJob> jobs);
void ntt_inverse(const NttTables& tables, std::span<const NttJob> jobs);

}  // namespace serdab::kernels::scalar
