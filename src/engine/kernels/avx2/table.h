#pragma once

#include "engine/kernels/kernels.h"

namespace serdab::kernels {

/// Needs AVX2 and FMA.
const KernelTable& avx2_kernels();

}  // namespace serdab::kernels
