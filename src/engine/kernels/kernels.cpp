#include "engine/kernels/kernels.h"

#include <cstdlib>
#include <string>

#include "engine/base/cpu_features.h"
#include "engine/base/error.h"
#if defined(SERDAB_X86_64)
#include "engine/kernels/avx2/table.h"
#include "engine/kernels/avx512ifma/table.h"
#endif

namespace serdab::kernels {

std::vector<const KernelTable*> available_kernels() {
  std::vector<const KernelTable*> tables = {&scalar_kernels()};
#if defined(SERDAB_X86_64)
  const base::CpuFeatures cpu = base::cpu_features();
  if (cpu.avx2_fma) tables.push_back(&avx2_kernels());
  if (cpu.avx512_ifma) tables.push_back(&avx512ifma_kernels());
#endif
  return tables;
}

const KernelTable& select_kernels(std::string_view name) {
  const std::vector<const KernelTable*> available = available_kernels();
  if (name.empty()) return *available.back();
  std::string known;
  for (const KernelTable* table : available) {
    if (table->name == name) return *table;
    known += (known.empty() ? "" : ", ") + std::string(table->name);
  }
  base::fail(base::ErrorCode::kUnsupported,
             "SERDAB_KERNELS=" + std::string(name) + ": this machine can run " + known);
}

const KernelTable& kernels() {
  static const KernelTable& selected = [&]() -> const KernelTable& {
    const char* name = std::getenv("SERDAB_KERNELS");
    return select_kernels(name == nullptr ? "" : name);
  }();
  return selected;
}

}  // namespace serdab::kernels
