#include "engine/ckks_params/cost_model.h"

#include <algorithm>

namespace serdab::ckks_params {

WorkCounts& WorkCounts::operator+=(const WorkCounts& other) {
  butterflies += other.butterflies;
  macs += other.macs;
  wide_macs += other.wide_macs;
  gemm_words += other.gemm_words;
  multiplications += other.multiplications;
  short_products += other.short_products;
  streamed_bytes += other.streamed_bytes;
  moved_words += other.moved_words;
  uniform_words += other.uniform_words;
  fresh_bytes += other.fresh_bytes;
  return *this;
}

WorkCounts operator*(double times, const WorkCounts& counts) {
  return {.butterflies = times * counts.butterflies,
          .macs = times * counts.macs,
          .wide_macs = times * counts.wide_macs,
          .gemm_words = times * counts.gemm_words,
          .multiplications = times * counts.multiplications,
          .short_products = times * counts.short_products,
          .streamed_bytes = times * counts.streamed_bytes,
          .moved_words = times * counts.moved_words,
          .uniform_words = times * counts.uniform_words,
          .fresh_bytes = times * counts.fresh_bytes};
}

double MachineProfile::seconds(const WorkCounts& counts, std::size_t threads) const {
  const double ns = counts.butterflies * butterfly_ns + counts.macs * mac_ns +
                    counts.wide_macs * wide_mac_ns + counts.gemm_words * gemm_word_ns +
                    counts.multiplications * multiplication_ns +
                    counts.short_products * short_product_ns +
                    counts.streamed_bytes * streamed_byte_ns + counts.moved_words * moved_word_ns +
                    counts.uniform_words * uniform_word_ns + counts.fresh_bytes * fresh_byte_ns;
  const double speedup =
      1 + thread_efficiency * (static_cast<double>(std::max<std::size_t>(1, threads)) - 1);
  return ns * 1e-9 / speedup;
}

MachineProfile builtin_profile() {
  return {.name = "AMD EPYC (Zen 3), AVX2",
          .butterfly_ns = 0.36,
          .mac_ns = 0.08,
          .wide_mac_ns = 0.12,
          .multiplication_ns = 0.5,
          .short_product_ns = 0.24,
          .streamed_byte_ns = 0.03,
          .moved_word_ns = 0.42,
          .uniform_word_ns = 2.5,
          .thread_efficiency = 0.95};
}

}  // namespace serdab::ckks_params
