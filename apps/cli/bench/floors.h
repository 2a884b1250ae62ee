#pragma once

#include <string_view>

namespace serdab::cli {

/// What the vector units of an instruction set need at least, in cycles for eight lanes, and the
/// memory they read from.
struct UnitRates {
  double butterfly;      ///< one NTT butterfly
  double product;        ///< one full modular multiply-accumulate, reduced later
  double gemm_product;   ///< one of a GEMM: both halves of the product
  double short_product;  ///< one of residues whose product fits a word
  double bytes;          ///< bytes a cycle from memory
};

/// AVX-512 IFMA (two IFMA a cycle, four additions): three IFMA, three additions and a minimum make
/// 1.75 cycles; two IFMA a product make one, of short residues one IFMA does. AVX2 on doubles (two
/// FMA and two additions a cycle on four lanes): four of each make four cycles; two FMA a product
/// and half make two; short residues take one integer multiplication and addition. Scalar: three
/// multiplications of 64 bits a butterfly, one a cycle, eight times; one a product.
inline UnitRates unit_rates(std::string_view kernels, double bytes_per_cycle) {
  if (kernels == "avx512ifma") return {1.75, 1, 1, 0.5, bytes_per_cycle};
  if (kernels == "avx2") return {4, 2, 2, 1, bytes_per_cycle};
  return {24, 8, 8, 8, bytes_per_cycle};
}

/// Work of one operation, counted from its definition.
struct Work {
  double butterflies = 0;
  double products = 0;
  double bytes = 0;  ///< that must come from memory: keys, not operands
  double short_products = 0;
  double gemm_products = 0;

  /// Arithmetic and transfer overlap, so the larger of both.
  double floor_cycles(const UnitRates& rates) const {
    const double arithmetic = butterflies / 8 * rates.butterfly + products / 8 * rates.product +
                              short_products / 8 * rates.short_product +
                              gemm_products / 8 * rates.gemm_product;
    const double transfer = bytes / rates.bytes;
    return arithmetic > transfer ? arithmetic : transfer;
  }
};

}  // namespace serdab::cli
