#include "engine/kernels/avx2/sums.h"

#include "engine/kernels/avx2/accumulator.h"

// Sources are arrays of N words, so that the same column of all of them falls into the same cache
// set: more than eight at a time evict each other. Each source is therefore read a block of columns
// at a time, and the block's sums wait in memory, in L1.
namespace serdab::kernels::avx2 {
namespace {

constexpr std::size_t kMaxTerms = 64;
constexpr std::size_t kBlock = 64;
static_assert(Accumulator::kProducts % 2 == 0);

/// Sums of one block of columns: the group that grows, and the groups before it.
class BlockSums {
 public:
  explicit BlockSums(const Prime& p) : p_(p) {
    for (std::size_t c = 0; c < kBlock; c += kLanes) _mm256_store_pd(total_ + c, set1(0));
    begin_group();
  }
  /// The whole sum starts with addend·w, within ±3q/4.
  void begin_with(const std::uint64_t* addend, const Factor& w, std::size_t width) {
    for (std::size_t c = 0; c < width; c += kLanes) {
      _mm256_store_pd(total_ + c, product(load_words(addend + c), w, p_));
    }
  }
  Accumulator load(std::size_t c) const {
    return {_mm256_load_pd(high_ + c), _mm256_load_pd(low_ + c)};
  }
  void store(std::size_t c, const Accumulator& sum) {
    _mm256_store_pd(high_ + c, sum.high);
    _mm256_store_pd(low_ + c, sum.low);
  }
  /// Closes a group. A group is within ±4q and `total` is centred before it is joined, so that
  /// everything stays below 2^53.
  void end_group() {
    for (std::size_t c = 0; c < kBlock; c += kLanes) {
      const Vec total = centre(_mm256_load_pd(total_ + c), p_);
      _mm256_store_pd(total_ + c, _mm256_add_pd(total, load(c).fold(p_)));
    }
    begin_group();
  }
  void write(std::uint64_t* out, std::size_t width) const {
    for (std::size_t c = 0; c < width; c += kLanes) {
      store_canonical(out + c, _mm256_load_pd(total_ + c), p_);
    }
  }

 private:
  void begin_group() {
    for (std::size_t c = 0; c < kBlock; c += kLanes) {
      store(c, {set1(Accumulator::kBase), _mm256_setzero_pd()});
    }
  }
  const Prime& p_;
  alignas(32) double high_[kBlock];
  alignas(32) double low_[kBlock];
  alignas(32) double total_[kBlock];
};

/// Adds kTerms products (one or two, to load and store the sums half as often) to both sums.
template <std::size_t kTerms>
void add_products(const std::uint64_t* const* d, const std::uint64_t* const* k0,
                  const std::uint64_t* const* k1, std::size_t column, std::size_t width,
                  BlockSums& sums0, BlockSums& sums1) {
  for (std::size_t c = 0; c < width; c += kLanes) {
    Accumulator sum0 = sums0.load(c);
    Accumulator sum1 = sums1.load(c);
#pragma GCC unroll 2
    for (std::size_t j = 0; j < kTerms; ++j) {
      const Vec digit = load_words(d[j] + column + c);
      sum0.add(digit, load_words(k0[j] + column + c));
      sum1.add(digit, load_words(k1[j] + column + c));
    }
    sums0.store(c, sum0);
    sums1.store(c, sum1);
  }
}

inline bool group_is_full(std::size_t terms) { return terms % Accumulator::kProducts == 0; }

}  // namespace

void inner_product(const Modulus& q, const InnerProduct& sums, std::size_t n) {
  SERDAB_ASSERT(sums.digits <= kMaxTerms && sums.w < q.value() && n % 16 == 0);
  const Prime p = make_prime(q);
  const Factor w = make_factor(set1_centred(sums.w, q), p);
  for (std::size_t i = 0; i < n; i += kBlock) {
    const std::size_t width = n - i < kBlock ? n - i : kBlock;
    BlockSums sums0(p), sums1(p);
    if (sums.addend0 != nullptr) sums0.begin_with(sums.addend0 + i, w, width);
    if (sums.addend1 != nullptr) sums1.begin_with(sums.addend1 + i, w, width);
    for (std::size_t j = 0; j < sums.digits;) {
      if (j + 1 < sums.digits) {
        add_products<2>(sums.d + j, sums.k0 + j, sums.k1 + j, i, width, sums0, sums1);
        j += 2;
      } else {
        add_products<1>(sums.d + j, sums.k0 + j, sums.k1 + j, i, width, sums0, sums1);
        j += 1;
      }
      if (group_is_full(j) || j == sums.digits) {
        sums0.end_group();
        sums1.end_group();
      }
    }
    sums0.write(sums.out0 + i, width);
    sums1.write(sums.out1 + i, width);
  }
}

}  // namespace serdab::kernels::avx2
