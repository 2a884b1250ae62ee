#include <algorithm>

#include "engine/kernels/avx2/doubles.h"
#include "engine/kernels/avx2/sums.h"
#include "engine/kernels/repeats.h"

// Residues of at most 31 bits: integer products of 64 bits are summed as they are, one
// multiplication and one addition a product. For as many as 64 bits hold, 16 of 30 bits and 4 of
// 31, the upper halves of the sums go to sums of their own, and all is reduced once. A cache line
// of short words at a time.
namespace serdab::kernels::avx2 {
namespace {

using Words = __m256i;

constexpr std::size_t kVectors = 4;
constexpr std::size_t kColumns = kVectors * kLanes;
constexpr std::size_t kPrefetchBytes = 256;

inline Words load_lanes(const std::uint64_t* words) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words));
}
inline Words load_lanes(const std::uint32_t* words) {
  return _mm256_cvtepu32_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(words)));
}

inline __m128i load_two(const std::uint64_t* words) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(words));
}
inline __m128i load_two(const std::uint32_t* words) {
  return _mm_cvtepu32_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(words)));
}

inline void prefetch(const std::uint64_t* words) {
  __builtin_prefetch(words + kPrefetchBytes / sizeof(*words));
  __builtin_prefetch(words + kPrefetchBytes / sizeof(*words) + 8);
}
inline void prefetch(const std::uint32_t* words) {
  __builtin_prefetch(words + kPrefetchBytes / sizeof(*words));
}

/// Sums of words below 2^64, and of the upper halves taken off them.
struct LineSums {
  Words sum[kVectors], high[kVectors];

  /// addend·w, the first product.
  void start(const std::uint64_t* addend, std::uint64_t w) {
    const Words factor = _mm256_set1_epi64x(static_cast<std::int64_t>(w));
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      sum[v] = addend == nullptr ? _mm256_setzero_si256()
                                 : _mm256_mul_epu32(load_lanes(addend + v * kLanes), factor);
      high[v] = _mm256_setzero_si256();
    }
  }
  void carry() {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      high[v] = _mm256_add_epi64(high[v], _mm256_srli_epi64(sum[v], 32));
      sum[v] = _mm256_blend_epi32(sum[v], _mm256_setzero_si256(), 0xaa);
    }
  }
};

/// high·2^32 + sum mod q, in ±(1/2 + 2^-12)·q, high below 2^38: with both halves as doubles, exact,
/// and k = round(total/q), which is below 2^42, the first difference is an integer below 2^33 + q.
inline Vec remainder(Words high, Words sum, const Prime& p) {
  const Vec two84 = set1(0x1p84), two52 = set1(kTwo52);
  const Words upper = _mm256_add_epi64(high, _mm256_srli_epi64(sum, 32));
  const Words high_bits = _mm256_or_si256(upper, _mm256_castpd_si256(two84));
  const Words low_bits = _mm256_blend_epi32(sum, _mm256_castpd_si256(two52), 0xaa);
  const Vec top = _mm256_sub_pd(_mm256_castsi256_pd(high_bits), two84);
  const Vec low = _mm256_sub_pd(_mm256_castsi256_pd(low_bits), two52);
  const Vec k = quotient(_mm256_add_pd(top, low), p);
  return _mm256_add_pd(_mm256_fnmadd_pd(k, p.q, top), low);
}

template <typename D, typename K>
struct Operands {
  const D* const* d;
  const K* const* k0;
  const K* const* k1;
};

/// Of words that stand for 2^log columns each, those of the four columns from c on; kLog is log, or
/// 2 where a word fills them all.
template <unsigned kLog, typename Word>
inline Words load_digits(const Word* d, std::size_t c, unsigned log) {
  if constexpr (kLog == 0) {
    return load_lanes(d + c);
  } else if constexpr (kLog == 1) {
    return _mm256_permute4x64_epi64(_mm256_castsi128_si256(load_two(d + (c >> 1))), 0x50);
  } else {
    return _mm256_set1_epi64x(static_cast<std::int64_t>(d[c >> log]));
  }
}

template <unsigned kLog, typename D, typename K>
inline void add_products(const Operands<D, K>& operands, unsigned log, std::size_t from,
                         std::size_t to, std::size_t i, LineSums& line0, LineSums& line1) {
  for (std::size_t j = from; j < to; ++j) {
    const D* d = operands.d[j];
    const K* k0 = operands.k0[j] + i;
    const K* k1 = operands.k1[j] + i;
    prefetch(d + (i >> log));
    prefetch(k0);
    prefetch(k1);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      const Words digit = load_digits<kLog>(d, i + v * kLanes, log);
      line0.sum[v] =
          _mm256_add_epi64(line0.sum[v], _mm256_mul_epu32(digit, load_lanes(k0 + v * kLanes)));
      line1.sum[v] =
          _mm256_add_epi64(line1.sum[v], _mm256_mul_epu32(digit, load_lanes(k1 + v * kLanes)));
    }
  }
}

template <unsigned kLog, typename D, typename K>
void run_repeated(const arith::Modulus& q, const InnerProduct& sums, const Operands<D, K>& operands,
                  std::size_t n) {
  const Prime p = make_prime(q);
  const std::size_t most = short_products(q.bits());
  const bool addends = sums.addend0 != nullptr || sums.addend1 != nullptr;
  const auto at = [](const std::uint64_t* words, std::size_t i) {
    return words == nullptr ? nullptr : words + i;
  };
  for (std::size_t i = 0; i < n; i += kColumns) {
    LineSums line0, line1;
    line0.start(at(sums.addend0, i), sums.w);
    line1.start(at(sums.addend1, i), sums.w);
    std::size_t to = std::min(sums.digits, addends ? most - 1 : most);
    add_products<kLog>(operands, sums.d_log_repeats, 0, to, i, line0, line1);
    while (to < sums.digits) {
      line0.carry();
      line1.carry();
      const std::size_t from = to;
      to = std::min(sums.digits, from + most);
      add_products<kLog>(operands, sums.d_log_repeats, from, to, i, line0, line1);
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      const std::size_t c = i + v * kLanes;
      store_wrapped(sums.out0 + c, remainder(line0.high[v], line0.sum[v], p), p.q);
      store_wrapped(sums.out1 + c, remainder(line1.high[v], line1.sum[v], p), p.q);
    }
  }
}

template <typename D, typename K>
void run(const arith::Modulus& q, const InnerProduct& sums, const Operands<D, K>& operands,
         std::size_t n) {
  with_repeats<2>(sums.d_log_repeats, [&](auto log) { run_repeated<log>(q, sums, operands, n); });
}

}  // namespace

void inner_product_short(const Modulus& q, const InnerProduct& sums, std::size_t n) {
  SERDAB_ASSERT(sums.digits <= 64 && sums.w < q.value() && n % kColumns == 0);
  using Short = std::uint32_t;
  using Long = std::uint64_t;
  if (sums.d_short != nullptr && sums.k0_short != nullptr) {
    run<Short, Short>(q, sums, {sums.d_short, sums.k0_short, sums.k1_short}, n);
  } else if (sums.d_short != nullptr) {
    run<Short, Long>(q, sums, {sums.d_short, sums.k0, sums.k1}, n);
  } else if (sums.k0_short != nullptr) {
    run<Long, Short>(q, sums, {sums.d, sums.k0_short, sums.k1_short}, n);
  } else {
    run<Long, Long>(q, sums, {sums.d, sums.k0, sums.k1}, n);
  }
}

}  // namespace serdab::kernels::avx2
