#include "engine/kernels/kernels.h"
#include "engine/kernels/scalar/elementwise.h"
#include "engine/kernels/scalar/messages.h"
#include "engine/kernels/scalar/ntt.h"
#include "engine/kernels/scalar/sums.h"

namespace serdab::kernels {

const KernelTable& scalar_kernels() {
  static constexpr KernelTable kTable = {
      .name = "scalar",
      .ntt_forward = scalar::ntt_forward,
      .ntt_inverse = scalar::ntt_inverse,
      .add = scalar::add,
      .subtract = scalar::subtract,
      .negate = scalar::negate,
      .multiply = scalar::multiply,
      .multiply_add = scalar::multiply_add,
      .tensor = scalar::tensor,
      .tensor_square = scalar::tensor_square,
      .multiply_scalar = scalar::multiply_scalar,
      .multiply_scalar_add = scalar::multiply_scalar_add,
      .add_scalar = scalar::add_scalar,
      .reduce = scalar::reduce,
      .permute = scalar::permute,
      .permute_add = scalar::permute_add,
      .inner_product = scalar::inner_product,
      .change_basis = scalar::change_basis,
      .gemm = scalar::gemm,
      .messages = scalar::kMessages,
  };
  return kTable;
}

}  // namespace serdab::kernels
