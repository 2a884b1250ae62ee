#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "engine/arith/primes.h"
#include "engine/base/buffer.h"
#include "engine/kernels/kernels.h"

/// What the tests and benchmarks of this room share.
namespace serdab::kernels::testing {

using Words = base::Buffer<std::uint64_t>;

/// The kernels of avx512ifma/ on emulated vectors (avx512ifma/emulated_test.cpp); tests only.
const KernelTable& emulated_avx512ifma_kernels();

inline Modulus ntt_prime(double size, base::RingKind ring, unsigned log_n) {
  const std::uint64_t order = (ring == base::RingKind::kStandard ? 2ULL : 4ULL) << log_n;
  return Modulus(arith::find_ntt_primes(size, order, 1).front());
}

/// n values below `bound`, most of them random, every fourth an edge: 0, 1, bound − 1, bound / 2.
inline Words test_words(std::uint64_t bound, std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const std::uint64_t edges[] = {0, 1, bound - 1, bound / 2, bound / 2 + 1};
  Words words(n);
  for (auto& word : words) {
    word = random() % 4 == 0 ? edges[random() % 5] % bound : random() % bound;
  }
  return words;
}

inline Words filled(std::uint64_t value, std::size_t n) {
  Words words(n);
  for (auto& word : words) word = value;
  return words;
}

inline std::vector<const std::uint64_t*> pointers(const std::vector<Words>& arrays) {
  std::vector<const std::uint64_t*> result;
  for (const Words& array : arrays) result.push_back(array.data());
  return result;
}
inline std::vector<std::uint64_t*> pointers(std::vector<Words>& arrays) {
  std::vector<std::uint64_t*> result;
  for (Words& array : arrays) result.push_back(array.data());
  return result;
}

}  // namespace serdab::kernels::testing
