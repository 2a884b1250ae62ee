#include "engine/kernels/avx2/doubles.h"
#include "engine/kernels/avx2/sums.h"

// Residues of at most 31 bits: integer products of 64 bits are summed as they are, one
// multiplication and one addition a product, and reduced once for as many as 64 bits hold: 64 of 29
// bits, 16 of 30, 4 of 31. A cache line of short words at a time.
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

inline void prefetch(const std::uint64_t* words) {
  __builtin_prefetch(words + kPrefetchBytes / sizeof(*words));
  __builtin_prefetch(words + kPrefetchBytes / sizeof(*words) + 8);
}
inline void prefetch(const std::uint32_t* words) {
  __builtin_prefetch(words + kPrefetchBytes / sizeof(*words));
}

/// The sum mod q of words below 2^64, in ±(1/2 + 2^-18)·q: with both halves as doubles, exact, and
/// k = round(sum/q), which is below 2^37, the first difference is an integer below 2^33 + q.
inline Vec remainder(Words sum, const Prime& p) {
  const Vec two84 = set1(0x1p84), two52 = set1(kTwo52);
  const Words high_bits = _mm256_or_si256(_mm256_srli_epi64(sum, 32), _mm256_castpd_si256(two84));
  const Words low_bits = _mm256_blend_epi32(sum, _mm256_castpd_si256(two52), 0xaa);
  const Vec high = _mm256_sub_pd(_mm256_castsi256_pd(high_bits), two84);
  const Vec low = _mm256_sub_pd(_mm256_castsi256_pd(low_bits), two52);
  const Vec k = quotient(_mm256_add_pd(high, low), p);
  return _mm256_add_pd(_mm256_fnmadd_pd(k, p.q, high), low);
}

/// How many products of residues of so many bits a word holds.
std::size_t products_of(unsigned bits) {
  return bits <= 29 ? 64 : std::size_t{1} << (64 - 2 * bits);
}

template <typename D, typename K>
struct Operands {
  const D* const* d;
  const K* const* k0;
  const K* const* k1;
};

struct LineSums {
  Words sum0[kVectors], sum1[kVectors];
};

template <typename D, typename K>
inline void add_products(const Operands<D, K>& operands, std::size_t from, std::size_t to,
                         std::size_t i, LineSums& line) {
  for (std::size_t j = from; j < to; ++j) {
    const D* d = operands.d[j] + i;
    const K* k0 = operands.k0[j] + i;
    const K* k1 = operands.k1[j] + i;
    prefetch(d);
    prefetch(k0);
    prefetch(k1);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      const Words digit = load_lanes(d + v * kLanes);
      line.sum0[v] =
          _mm256_add_epi64(line.sum0[v], _mm256_mul_epu32(digit, load_lanes(k0 + v * kLanes)));
      line.sum1[v] =
          _mm256_add_epi64(line.sum1[v], _mm256_mul_epu32(digit, load_lanes(k1 + v * kLanes)));
    }
  }
}

/// addend·w, the first product of a sum.
inline void start(const std::uint64_t* addend, std::uint64_t w, std::size_t i, Words* sum) {
  const Words factor = _mm256_set1_epi64x(static_cast<std::int64_t>(w));
#pragma GCC unroll 4
  for (std::size_t v = 0; v < kVectors; ++v) {
    sum[v] = addend == nullptr ? _mm256_setzero_si256()
                               : _mm256_mul_epu32(load_lanes(addend + i + v * kLanes), factor);
  }
}

template <typename D, typename K>
void run(const arith::Modulus& q, const InnerProduct& sums, const Operands<D, K>& operands,
         std::size_t n) {
  const Prime p = make_prime(q);
  const std::size_t most = products_of(q.bits());
  const bool addends = sums.addend0 != nullptr || sums.addend1 != nullptr;
  const std::size_t in_first = addends ? most - 1 : most;
  for (std::size_t i = 0; i < n; i += kColumns) {
    LineSums line;
    start(sums.addend0, sums.w, i, line.sum0);
    start(sums.addend1, sums.w, i, line.sum1);
    std::size_t to = sums.digits < in_first ? sums.digits : in_first;
    add_products(operands, 0, to, i, line);
    Vec total0[kVectors], total1[kVectors];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      total0[v] = remainder(line.sum0[v], p);
      total1[v] = remainder(line.sum1[v], p);
    }
    const bool single = to == sums.digits;
    while (to < sums.digits) {
      const std::size_t from = to;
      to = sums.digits - from < most ? sums.digits : from + most;
      start(nullptr, 0, i, line.sum0);
      start(nullptr, 0, i, line.sum1);
      add_products(operands, from, to, i, line);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) {
        total0[v] = _mm256_add_pd(total0[v], remainder(line.sum0[v], p));
        total1[v] = _mm256_add_pd(total1[v], remainder(line.sum1[v], p));
      }
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      const std::size_t c = i + v * kLanes;
      store_wrapped(sums.out0 + c, single ? total0[v] : centre(total0[v], p), p.q);
      store_wrapped(sums.out1 + c, single ? total1[v] : centre(total1[v], p), p.q);
    }
  }
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
