#include "engine/kernels/avx2/sums.h"

#include "engine/kernels/avx2/accumulator.h"

namespace serdab::kernels::avx2 {
namespace {

constexpr std::size_t kMaxTerms = 64;

/// Adds a group's sum (±4q) to a running sum kept within ±q between groups: below 2^53 at every
/// point.
inline Vec join(Vec running, const Accumulator& group, const Prime& p) {
  return _mm256_add_pd(centre(running, p), group.fold(p));
}

inline std::size_t group_end(std::size_t begin, std::size_t count) {
  const std::size_t end = begin + Accumulator::kProducts;
  return end < count ? end : count;
}

}  // namespace

void inner_product(const Modulus& q, std::size_t digits, const std::uint64_t* const* d,
                   const std::uint64_t* const* k0, const std::uint64_t* const* k1,
                   std::uint64_t* out0, std::uint64_t* out1, std::size_t n) {
  SERDAB_ASSERT(digits <= kMaxTerms && n % 16 == 0);
  const Prime p = make_prime(q);
  for (std::size_t i = 0; i < n; i += 2 * kLanes) {
    Vec sum[4] = {set1(0), set1(0), set1(0), set1(0)};
    for (std::size_t begin = 0; begin < digits; begin += Accumulator::kProducts) {
      Accumulator s00, s01, s10, s11;
      const std::size_t end = group_end(begin, digits);
      for (std::size_t j = begin; j < end; ++j) {
        const Vec digit0 = load_words(d[j] + i);
        const Vec digit1 = load_words(d[j] + i + kLanes);
        s00.add(digit0, load_words(k0[j] + i));
        s01.add(digit1, load_words(k0[j] + i + kLanes));
        s10.add(digit0, load_words(k1[j] + i));
        s11.add(digit1, load_words(k1[j] + i + kLanes));
      }
      sum[0] = join(sum[0], s00, p);
      sum[1] = join(sum[1], s01, p);
      sum[2] = join(sum[2], s10, p);
      sum[3] = join(sum[3], s11, p);
    }
    store_canonical(out0 + i, sum[0], p);
    store_canonical(out0 + i + kLanes, sum[1], p);
    store_canonical(out1 + i, sum[2], p);
    store_canonical(out1 + i + kLanes, sum[3], p);
  }
}

void base_convert(const Modulus& q, std::size_t sources, const std::uint64_t* const* in,
                  const std::uint64_t* factors, std::uint64_t* out, std::size_t n) {
  SERDAB_ASSERT(sources <= kMaxTerms && n % 16 == 0);
  const Prime p = make_prime(q);
  double factor[kMaxTerms];
  for (std::size_t j = 0; j < sources; ++j) factor[j] = static_cast<double>(factors[j]);
  for (std::size_t i = 0; i < n; i += 4 * kLanes) {
    Vec sum[4] = {set1(0), set1(0), set1(0), set1(0)};
    for (std::size_t begin = 0; begin < sources; begin += Accumulator::kProducts) {
      Accumulator s0, s1, s2, s3;
      const std::size_t end = group_end(begin, sources);
      for (std::size_t j = begin; j < end; ++j) {
        const Vec w = set1(factor[j]);
        s0.add(load_words(in[j] + i), w);
        s1.add(load_words(in[j] + i + kLanes), w);
        s2.add(load_words(in[j] + i + 2 * kLanes), w);
        s3.add(load_words(in[j] + i + 3 * kLanes), w);
      }
      sum[0] = join(sum[0], s0, p);
      sum[1] = join(sum[1], s1, p);
      sum[2] = join(sum[2], s2, p);
      sum[3] = join(sum[3], s3, p);
    }
    for (std::size_t v = 0; v < 4; ++v) store_canonical(out + i + v * kLanes, sum[v], p);
  }
}

}  // namespace serdab::kernels::avx2
