#include "engine/kernels/avx2/table.h"

#include "engine/kernels/avx2/elementwise.h"
#include "engine/kernels/avx2/messages.h"
#include "engine/kernels/avx2/ntt.h"
#include "engine/kernels/avx2/sums.h"

namespace serdab::kernels {

const KernelTable& avx2_kernels() {
  static constexpr KernelTable kTable = {
      .name = "avx2",
      .ntt_forward = avx2::ntt_forward,
      .ntt_inverse = avx2::ntt_inverse,
      .add = avx2::add,
      .subtract = avx2::subtract,
      .negate = avx2::negate,
      .multiply = avx2::multiply,
      .multiply_add = avx2::multiply_add,
      .tensor = avx2::tensor,
      .tensor_square = avx2::tensor_square,
      .multiply_scalar = avx2::multiply_scalar,
      .multiply_scalar_add = avx2::multiply_scalar_add,
      .add_scalar = avx2::add_scalar,
      .reduce = avx2::reduce,
      .permute = avx2::permute,
      .permute_add = avx2::permute_add,
      .inner_product = avx2::inner_product,
      .change_basis = avx2::change_basis,
      .gemm = avx2::gemm,
      .messages = avx2::kMessages,
  };
  return kTable;
}

}  // namespace serdab::kernels
