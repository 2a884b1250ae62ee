#pragma once

#include <string>

namespace serdab::base {

/// Instruction sets of this machine that serdab has kernels for.
struct CpuFeatures {
  bool avx2_fma = false;     ///< AVX2 and FMA3
  bool avx512_ifma = false;  ///< AVX-512 F, DQ, VL, BW and IFMA
};
CpuFeatures cpu_features();

/// The processor's name as the operating system gives it, for reports.
std::string cpu_name();

}  // namespace serdab::base
