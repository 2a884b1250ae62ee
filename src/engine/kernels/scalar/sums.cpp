#include "engine/kernels/scalar/sums.h"

#include <vector>

#include "engine/base/assert.h"

namespace serdab::kernels::scalar {

using Wide = unsigned __int128;

// 64 products of two residues below 2^50 stay below 2^106.
void inner_product(const Modulus& q, std::size_t digits, const std::uint64_t* const* d,
                   const std::uint64_t* const* k0, const std::uint64_t* const* k1,
                   std::uint64_t* out0, std::uint64_t* out1, std::size_t n) {
  SERDAB_ASSERT(digits <= 64);
  for (std::size_t i = 0; i < n; ++i) {
    Wide sum0 = 0;
    Wide sum1 = 0;
    for (std::size_t j = 0; j < digits; ++j) {
      SERDAB_ASSERT(d[j][i] < q.value() && k0[j][i] < q.value() && k1[j][i] < q.value());
      sum0 += Wide{d[j][i]} * k0[j][i];
      sum1 += Wide{d[j][i]} * k1[j][i];
    }
    out0[i] = arith::reduce(sum0, q);
    out1[i] = arith::reduce(sum1, q);
  }
}

void base_convert(const Modulus& q, std::size_t sources, const std::uint64_t* const* in,
                  const std::uint64_t* factors, std::uint64_t* out, std::size_t n) {
  SERDAB_ASSERT(sources <= 64);
  for (std::size_t i = 0; i < n; ++i) {
    Wide sum = 0;
    for (std::size_t j = 0; j < sources; ++j) {
      SERDAB_ASSERT((in[j][i] >> 50) == 0 && factors[j] < q.value());
      sum += Wide{in[j][i]} * factors[j];
    }
    out[i] = arith::reduce(sum, q);
  }
}

// |weight| < 2^20, residues below 2^50, at most 2^12 columns: sums stay within ±2^82.
void gemm(const Modulus& q, const GemmWeights& weights, const std::uint64_t* const* in,
          std::uint64_t* const* out, std::size_t n) {
  SERDAB_ASSERT(weights.cols <= 4096);
  std::vector<std::uint64_t> column(weights.cols);
  for (std::size_t c = 0; c < n; ++c) {
    // Read a column before writing one, so that outputs may be inputs.
    for (std::size_t k = 0; k < weights.cols; ++k) column[k] = in[k][c];
    for (std::size_t r = 0; r < weights.rows; ++r) {
      const std::int32_t* row = weights.values + r * weights.cols;
      __int128 sum = 0;
      for (std::size_t k = 0; k < weights.cols; ++k) {
        SERDAB_ASSERT(column[k] < q.value() && row[k] > -(1 << 20) && row[k] < (1 << 20));
        sum += static_cast<__int128>(row[k]) * static_cast<__int128>(column[k]);
      }
      const std::uint64_t size = arith::reduce(static_cast<Wide>(sum < 0 ? -sum : sum), q);
      out[r][c] = sum < 0 ? negate_mod(size, q) : size;
    }
  }
}

}  // namespace serdab::kernels::scalar
