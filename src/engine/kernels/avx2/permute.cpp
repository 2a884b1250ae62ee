#include "engine/base/assert.h"
#include "engine/kernels/avx2/elementwise.h"
#include "engine/kernels/avx2/integers.h"

// Each half of an output block of eight comes from one half of the source block, permuted within:
// lanes 0 … 3 hold the even and 4 … 7 the odd numbers of the map of
// docs/notes/automorphism-blocks.md, and its factor is odd.
namespace serdab::kernels::avx2 {
namespace {

/// The patterns for vpermps, which moves halves of words.
struct Patterns {
  alignas(32) std::uint32_t lanes[8][2][8];
  std::uint32_t first_half[8];  ///< where the low output half comes from: word 0 or 4

  explicit Patterns(const std::uint64_t (*moves)[8]) {
    for (std::size_t p = 0; p < 8; ++p) {
      first_half[p] = static_cast<std::uint32_t>(moves[p][0] & 4);
      for (std::size_t l = 0; l < 8; ++l) {
        SERDAB_ASSERT((moves[p][l] & 4) == (first_half[p] ^ (l & 4)));
        const auto within = static_cast<std::uint32_t>(moves[p][l] & 3);
        lanes[p][l / 4][2 * (l % 4)] = 2 * within;
        lanes[p][l / 4][2 * (l % 4) + 1] = 2 * within + 1;
      }
    }
  }
};

inline __m256i load_permuted(const std::uint64_t* half, const std::uint32_t* lanes) {
  const __m256i order = _mm256_load_si256(reinterpret_cast<const __m256i*>(lanes));
  return _mm256_permutevar8x32_epi32(load_integers(half), order);
}

/// Calls store(i, x) for every vector of the permuted array.
template <typename Store>
inline void for_permuted(const Permutation& moves, Words a, std::size_t n, const Store& store) {
  SERDAB_ASSERT(n % 8 == 0);
  const Patterns patterns(moves.lanes);
  for (std::size_t b = 0; b < n / 8; ++b) {
    const std::uint32_t block = moves.blocks[b];
    SERDAB_ASSERT(block < n);
    const std::uint64_t* source = a + (block & ~7u);
    const std::uint32_t half = patterns.first_half[block & 7];
    store(8 * b, load_permuted(source + half, patterns.lanes[block & 7][0]));
    store(8 * b + 4, load_permuted(source + (half ^ 4), patterns.lanes[block & 7][1]));
  }
}

}  // namespace

void permute(const Permutation& moves, Words a, WordsOut out, std::size_t n) {
  SERDAB_ASSERT(a != out);
  for_permuted(moves, a, n, [&](std::size_t i, __m256i x) { store_integers(out + i, x); });
}

void permute_add(const Modulus& q, const Permutation& moves, Words a, Words b, WordsOut out,
                 std::size_t n) {
  SERDAB_ASSERT(a != out);
  const __m256i prime = _mm256_set1_epi64x(static_cast<std::int64_t>(q.value()));
  for_permuted(moves, a, n, [&](std::size_t i, __m256i x) {
    const __m256i b_minus_q = _mm256_sub_epi64(load_integers(b + i), prime);
    store_integers(out + i, wrap_integers(_mm256_add_epi64(x, b_minus_q), prime));
  });
}

}  // namespace serdab::kernels::avx2
