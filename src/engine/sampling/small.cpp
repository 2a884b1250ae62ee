#include "engine/sampling/small.h"

#include <array>
#include <cmath>
#include <numbers>

#include "engine/arith/wide.h"
#include "engine/base/assert.h"
#include "engine/base/buffer.h"
#include "engine/kernels/kernels.h"

namespace serdab::sampling {
namespace {

// floor(2^63 · P(|X| <= k)), k = 0…28, P(x) proportional to exp(−x²/(2·3.2²)); computed with 80
// decimal digits by gaussian_table.py.
constexpr std::array<std::uint64_t, 29> kCumulative = {
    0x0ff52b4064a1f258, 0x2e5a25d4026fff6d, 0x489ae2682e3db9bb, 0x5d2bc20de6f95105,
    0x6bc8694a862fcdce, 0x7532d898e9d195d9, 0x7ab396c980f5facb, 0x7d9e4e8f6717ea70,
    0x7f054956150a592b, 0x7fa1ce99f8dbf691, 0x7fdfb3f00a8f3398, 0x7ff5e6f7c97d68d8,
    0x7ffd1f95b372bd35, 0x7fff40f7f7aedc63, 0x7fffd2e62d057ef0, 0x7ffff6503aaa2874,
    0x7ffffe1bab99a743, 0x7fffffaa0140ce52, 0x7ffffff21f8a3a77, 0x7ffffffdf72301f4,
    0x7fffffffba9fd472, 0x7ffffffff79b78ce, 0x7fffffffff13f6f9, 0x7fffffffffe87489,
    0x7ffffffffffdde23, 0x7fffffffffffd31f, 0x7ffffffffffffca6, 0x7fffffffffffffc5,
    0x7ffffffffffffffc};
static_assert(kCumulative.size() == static_cast<std::size_t>(kErrorBound));

constexpr std::size_t kBatch = 512;

/// Calls body(words, samples) for one word a sample, a batch at a time.
template <typename Body>
void for_batches(Prng& prng, std::span<std::int8_t> out, const Body& body) {
  base::SecretBuffer<std::uint64_t> words(kBatch);
  for (std::size_t done = 0; done < out.size(); done += kBatch) {
    const std::size_t count = std::min(kBatch, out.size() - done);
    prng.fill(words.span().first(count));
    body(words.span().first(count), out.subspan(done, count));
  }
}

std::int8_t ternary_of(std::uint64_t word) {
  const std::uint64_t third = arith::high_product(word, 3);
  return static_cast<std::int8_t>(static_cast<int>(third) - 1);
}

double uniform_open(Prng& prng) {
  return (static_cast<double>(prng.next_u64() >> 11) + 0.5) * 0x1p-53;
}

}  // namespace

void sample_ternary(Prng& prng, std::span<std::int8_t> out) {
  for_batches(prng, out, [](std::span<const std::uint64_t> words, std::span<std::int8_t> samples) {
    for (std::size_t i = 0; i < words.size(); ++i) samples[i] = ternary_of(words[i]);
  });
}

void sample_gaussian(Prng& prng, std::span<std::int8_t> out) {
  for_batches(prng, out, [](std::span<const std::uint64_t> words, std::span<std::int8_t> samples) {
    kernels::kernels().messages.signed_samples(kCumulative.data(), kCumulative.size(), words.data(),
                                               samples.data(), words.size());
  });
}

void sample_wide_gaussian(Prng& prng, double sigma, std::span<double> out) {
  SERDAB_ASSERT(sigma >= 1.0 && sigma <= 0x1p200);
  for (double& value : out) {
    const double radius = sigma * std::sqrt(-2.0 * std::log(uniform_open(prng)));
    value = std::nearbyint(radius * std::cos(2.0 * std::numbers::pi * uniform_open(prng)));
  }
}

}  // namespace serdab::sampling
