#pragma once

#include <string_view>

#include "engine/kernels/avx512ifma/basis_kernels.h"
#include "engine/kernels/avx512ifma/elementwise_kernels.h"
#include "engine/kernels/avx512ifma/gemm_kernels.h"
#include "engine/kernels/avx512ifma/message_kernels.h"
#include "engine/kernels/avx512ifma/ntt_kernels.h"
#include "engine/kernels/avx512ifma/sums_kernels.h"
#include "engine/kernels/kernels.h"

namespace serdab::kernels::avx512ifma {

/// The kernels of this folder on vectors V. Instantiated once with Ifma and once, in the tests,
/// with Emulated; both live in anonymous namespaces, so the instances have internal linkage.
template <typename V>
constexpr KernelTable make_table(std::string_view name, const MessageKernels& movers) {
  return {
      .name = name,
      .ntt_forward = Ntt<V>::forward,
      .ntt_inverse = Ntt<V>::inverse,
      .add = Elementwise<V>::add,
      .subtract = Elementwise<V>::subtract,
      .negate = Elementwise<V>::negate,
      .multiply = Elementwise<V>::multiply,
      .multiply_add = Elementwise<V>::multiply_add,
      .tensor = Elementwise<V>::tensor,
      .tensor_square = Elementwise<V>::tensor_square,
      .multiply_scalar = Elementwise<V>::multiply_scalar,
      .multiply_scalar_add = Elementwise<V>::multiply_scalar_add,
      .add_scalar = Elementwise<V>::add_scalar,
      .reduce = Elementwise<V>::reduce,
      .permute = Elementwise<V>::permute,
      .permute_add = Elementwise<V>::permute_add,
      .inner_product = Sums<V>::inner_product,
      .change_basis = Basis<V>::change_basis,
      .gemm = GemmKernels<V>::gemm,
      .messages = make_messages<V>(movers),
  };
}

}  // namespace serdab::kernels::avx512ifma
