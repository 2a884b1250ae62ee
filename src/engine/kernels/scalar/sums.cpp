#include "engine/kernels/scalar/sums.h"

#include <vector>

#include "engine/base/assert.h"

namespace serdab::kernels::scalar {

using arith::Wide;

namespace {

// 65 products of two residues below 2^50 stay below 2^107.
template <typename D, typename K>
std::uint64_t sum_of_products(const Modulus& q, const InnerProduct& sums, const D* const* d,
                              const K* const* k, const std::uint64_t* addend, std::size_t i) {
  Wide sum = addend == nullptr ? 0 : Wide{addend[i]} * sums.w;
  for (std::size_t j = 0; j < sums.digits; ++j) {
    const D digit = d[j][i >> sums.d_log_repeats];
    SERDAB_ASSERT(digit < q.value() && k[j][i] < q.value());
    sum += Wide{digit} * k[j][i];
  }
  return arith::reduce(sum, q);
}

template <typename D, typename K>
void run(const Modulus& q, const InnerProduct& sums, const D* const* d, const K* const* k0,
         const K* const* k1, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t out0 = sum_of_products(q, sums, d, k0, sums.addend0, i);
    const std::uint64_t out1 = sum_of_products(q, sums, d, k1, sums.addend1, i);
    sums.out0[i] = out0;
    sums.out1[i] = out1;
  }
}

/// Residues x over all moduli to mixed-radix digits (Garner): x_i <- (x_i − d_j)/m_j for all j < i.
void to_digits(const BasisChange& change, std::uint64_t* x) {
  for (std::size_t i = 0; i < change.sources; ++i) {
    const Modulus& m = *change.moduli[i];
    if (change.shifts != nullptr) x[i] = add_mod(x[i], change.shifts[i], m);
    for (std::size_t j = 0; j < i; ++j) {
      const std::uint64_t inverse = change.inverses[i * change.sources + j];
      x[i] = mul_mod(sub_mod(x[i], arith::reduce(x[j], m), m), inverse, m);
    }
  }
}

}  // namespace

void inner_product(const Modulus& q, const InnerProduct& sums, std::size_t n) {
  SERDAB_ASSERT(sums.digits <= 64 && sums.w < q.value());
  if (sums.d_short != nullptr && sums.k0_short != nullptr) {
    run(q, sums, sums.d_short, sums.k0_short, sums.k1_short, n);
  } else if (sums.d_short != nullptr) {
    run(q, sums, sums.d_short, sums.k0, sums.k1, n);
  } else if (sums.k0_short != nullptr) {
    run(q, sums, sums.d, sums.k0_short, sums.k1_short, n);
  } else {
    run(q, sums, sums.d, sums.k0, sums.k1, n);
  }
}

// 64 products of two residues below 2^50 stay below 2^106.
void change_basis(const BasisChange& change, std::size_t n) {
  SERDAB_ASSERT(change.sources >= 1 && change.sources <= 64);
  std::vector<std::uint64_t> digits(change.sources);
  for (std::size_t c = 0; c < n; ++c) {
    for (std::size_t i = 0; i < change.sources; ++i) {
      SERDAB_ASSERT(change.in[i][c] < change.moduli[i]->value());
      digits[i] = change.in[i][c];
    }
    to_digits(change, digits.data());
    for (std::size_t t = 0; t < change.targets; ++t) {
      const BasisTarget& target = change.target[t];
      Wide sum = target.offset;
      for (std::size_t i = 0; i < change.sources; ++i) sum += Wide{digits[i]} * target.factors[i];
      target.out[c] = arith::reduce(sum, *target.q);
    }
  }
}

// |weight| < 2^20, residues below 2^50, at most 2^12 columns: sums stay within ±2^82.
void gemm(const Modulus& q, const Gemm& gemm, std::size_t n) {
  std::vector<std::uint64_t> x(gemm.inputs);
  for (std::size_t c = 0; c < n; ++c) {
    // Read a column before writing one, so that outputs may be inputs.
    for (std::size_t k = 0; k < gemm.inputs; ++k) x[k] = gemm.in[k][c];
    for (std::size_t b = 0; b < gemm.block_count; ++b) {
      const GemmBlock& block = gemm.blocks[b];
      SERDAB_ASSERT(block.col_count <= 4096);
      for (std::size_t r = 0; r < block.row_count; ++r) {
        const std::int32_t* weights = block.weights + r * block.col_count;
        const GemmRow& row = block.rows[r];
        auto sum = static_cast<__int128>(row.bias + (row.accumulate ? row.out[c] : 0));
        for (std::size_t k = 0; k < block.col_count; ++k) {
          const std::uint64_t value = x[block.columns[k]];
          SERDAB_ASSERT(value < q.value() && weights[k] > -(1 << 20) && weights[k] < (1 << 20));
          sum += static_cast<__int128>(weights[k]) * static_cast<__int128>(value);
        }
        const std::uint64_t size = arith::reduce(static_cast<Wide>(sum < 0 ? -sum : sum), q);
        row.out[c] = sum < 0 ? negate_mod(size, q) : size;
      }
    }
  }
}

}  // namespace serdab::kernels::scalar
