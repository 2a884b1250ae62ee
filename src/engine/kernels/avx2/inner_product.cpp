#include "engine/kernels/avx2/accumulator.h"
#include "engine/kernels/avx2/sums.h"
#include "engine/kernels/repeats.h"

// One cache line of every array at a time: the sums of its eight columns stay in registers. Three
// arrays a digit are more streams than the processor's own prefetchers follow.
namespace serdab::kernels::avx2 {
namespace {

constexpr std::size_t kColumns = 2 * kLanes;
constexpr std::size_t kPrefetchAhead = 4 * kColumns;

struct LineSums {
  Accumulator sum0[2], sum1[2];
};

/// Of words that stand for 2^log columns each, those of the four columns from c on; kLog is log, or
/// 2 where a word fills them all.
template <unsigned kLog>
inline Vec load_digits(const std::uint64_t* d, std::size_t c, unsigned log) {
  if constexpr (kLog == 0) {
    return load_words(d + c);
  } else if constexpr (kLog == 1) {
    const __m128d two = _mm_loadu_pd(reinterpret_cast<const double*>(d + (c >> 1)));
    return from_words(_mm256_permute4x64_pd(_mm256_castpd128_pd256(two), 0x50));
  } else {
    return set1(static_cast<double>(d[c >> log]));
  }
}

template <unsigned kLog>
inline void add_products(const InnerProduct& sums, std::size_t from, std::size_t to, std::size_t i,
                         LineSums& line) {
  for (std::size_t j = from; j < to; ++j) {
    const std::uint64_t* d = sums.d[j];
    const std::uint64_t* k0 = sums.k0[j] + i;
    const std::uint64_t* k1 = sums.k1[j] + i;
    __builtin_prefetch(d + (i >> sums.d_log_repeats) + kPrefetchAhead);
    __builtin_prefetch(k0 + kPrefetchAhead);
    __builtin_prefetch(k1 + kPrefetchAhead);
#pragma GCC unroll 2
    for (std::size_t v = 0; v < 2; ++v) {
      const Vec digit = load_digits<kLog>(d, i + v * kLanes, sums.d_log_repeats);
      line.sum0[v].add(digit, load_words(k0 + v * kLanes));
      line.sum1[v].add(digit, load_words(k1 + v * kLanes));
    }
  }
}

template <unsigned kLog>
void run(const Modulus& q, const InnerProduct& sums, std::size_t n) {
  SERDAB_ASSERT(sums.digits <= 64 && sums.w < q.value() && n % 16 == 0);
  const Accumulation accumulation(q);
  const Prime& p = accumulation.p;
  const Factor w = make_factor(set1_centred(sums.w, q), p);
  // A sum of one group alone stays within 2^53; else groups are centred: 11 of them, and an addend
  // within 3q/4, stay within 7q.
  const bool single =
      sums.digits <= accumulation.products && sums.addend0 == nullptr && sums.addend1 == nullptr;
  for (std::size_t i = 0; i < n; i += kColumns) {
    Vec total0[2], total1[2];
#pragma GCC unroll 2
    for (std::size_t v = 0; v < 2; ++v) {
      const std::size_t c = i + v * kLanes;
      total0[v] = total1[v] = _mm256_setzero_pd();
      if (sums.addend0 != nullptr) total0[v] = product(load_words(sums.addend0 + c), w, p);
      if (sums.addend1 != nullptr) total1[v] = product(load_words(sums.addend1 + c), w, p);
    }
    for (std::size_t from = 0; from < sums.digits; from += accumulation.products) {
      const std::size_t rest = sums.digits - from;
      const Accumulator start = accumulation.start();
      LineSums line = {{start, start}, {start, start}};
      add_products<kLog>(sums, from,
                         from + (rest < accumulation.products ? rest : accumulation.products), i,
                         line);
#pragma GCC unroll 2
      for (std::size_t v = 0; v < 2; ++v) {
        const Vec sum0 = accumulation.fold(line.sum0[v]);
        const Vec sum1 = accumulation.fold(line.sum1[v]);
        total0[v] = single ? sum0 : _mm256_add_pd(total0[v], centre(sum0, p));
        total1[v] = single ? sum1 : _mm256_add_pd(total1[v], centre(sum1, p));
      }
    }
#pragma GCC unroll 2
    for (std::size_t v = 0; v < 2; ++v) {
      store_canonical(sums.out0 + i + v * kLanes, total0[v], p);
      store_canonical(sums.out1 + i + v * kLanes, total1[v], p);
    }
  }
}

}  // namespace

void inner_product(const Modulus& q, const InnerProduct& sums, std::size_t n) {
  if (q.bits() <= kShortBits) return inner_product_short(q, sums, n);
  with_repeats<2>(sums.d_log_repeats, [&](auto log) { run<log>(q, sums, n); });
}

}  // namespace serdab::kernels::avx2
