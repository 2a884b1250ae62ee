#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kernels/kernels.h"

namespace serdab::kernels::avx2 {

void inner_product(const Modulus& q, std::size_t digits, const std::uint64_t* const* d,
                   const std::uint64_t* const* k0, const std::uint64_t* const* k1,
                   std::uint64_t* out0, std::uint64_t* out1, std::size_t n);
void base_convert(const Modulus& q, std::size_t sources, const std::uint64_t* const* in,
                  const std::uint64_t* factors, std::uint64_t* out, std::size_t n);
void gemm(const Modulus& q, const GemmWeights& weights, const std::uint64_t* const* in,
          std::uint64_t* const* out, std::size_t n);

}  // namespace serdab::kernels::avx2
