#include "engine/kernels/avx512ifma/table.h"

#include "engine/kernels/avx2/messages.h"
#include "engine/kernels/avx512ifma/make_table.h"
#include "engine/kernels/avx512ifma/vector_ifma.h"

namespace serdab::kernels {

const KernelTable& avx512ifma_kernels() {
  static constexpr KernelTable kTable =
      avx512ifma::make_table<avx512ifma::Ifma>("avx512ifma", avx2::kMessages);
  return kTable;
}

}  // namespace serdab::kernels
