#pragma once

#include <functional>

#include "floors.h"
#include "row.h"

namespace serdab::cli {

/// What every row is measured with.
struct BenchSetting {
  double clock_hz = 0;
  UnitRates rates;
  unsigned max_log_n = 16;                      ///< larger rings are left out
  std::function<void(const BenchRow&)> report;  ///< called for every row as it is done
};

/// Transforms, GEMM, key-switching sums, base conversion and element-wise kernels, one thread.
std::vector<BenchRow> kernel_rows(const BenchSetting& setting);

/// Operations on ciphertexts at the parameter sets that other libraries were measured at, all
/// within the 128-bit table: one thread, and how they gain from two.
std::vector<BenchRow> operation_rows(const BenchSetting& setting, std::size_t threads);

/// Bytes a second that one core reads from memory, in long sequential runs.
double memory_bandwidth();

}  // namespace serdab::cli
