#pragma once

#include "engine/kernels/avx512ifma/ntt_forward.h"
#include "engine/kernels/avx512ifma/ntt_inverse.h"
#include "engine/kernels/scalar/ntt.h"

namespace serdab::kernels::avx512ifma {

template <typename V>
struct Ntt {
  static constexpr unsigned kMinLogN = 7;

  static void forward(const NttTables& tables, std::span<const NttJob> jobs) {
    if (tables.log_n() < kMinLogN) return scalar::ntt_forward(tables, jobs);
    ForwardNtt<V>(tables, jobs).run();
  }
  static void inverse(const NttTables& tables, std::span<const NttJob> jobs) {
    if (tables.log_n() < kMinLogN) return scalar::ntt_inverse(tables, jobs);
    InverseNtt<V>(tables, jobs).run();
  }
};

}  // namespace serdab::kernels::avx512ifma
