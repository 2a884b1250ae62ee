#pragma once

#include "engine/kernels/kernels.h"

namespace serdab::kernels {

/// Needs AVX-512 F, DQ, VL, BW and IFMA.
const KernelTable& avx512ifma_kernels();

}  // namespace serdab::kernels
