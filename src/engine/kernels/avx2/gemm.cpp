#include "engine/kernels/avx2/doubles.h"
#include "engine/kernels/avx2/sums.h"
#include "engine/kernels/gemm_plan.h"

// Weights and residues as doubles, one or two exact FMAs for a multiply-accumulate of four lanes;
// up to 6 rows x 2 vectors of sums in registers. Residues become doubles on the way to the FMAs:
// that takes the adders' ports, which are free here, where storing converted inputs would take half
// as long as the products of five rows.
//
// Whole: residues in [0, q) and Σ|w| <= 2^53/q − 4 between two centrings, so that with a centred
// sum, a bias and an old output everything stays within 2^53. Split: a residue is hi + lo, hi a
// multiple of 2^25 up to 2^50, |lo| <= 2^24, and both are summed, hi in units of 2^25: Σ|w| <= 2^26
// keeps both sums within 2^51, and with a centred sum, at most 2^50, within 2^52.
namespace serdab::kernels::avx2 {
namespace {

constexpr double kTwo25 = 33554432.0;
constexpr double kTwo53 = 2 * kTwo52;
constexpr std::int64_t kSplitSum = std::int64_t{1} << 26;

using Group = GemmGroup<double>;

/// What all groups of a call share.
struct Target {
  Prime p;
  Vec two25;  ///< 2^25 mod q, centred, over 2^25: the unit of the high sums
};

inline Vec scaled(Vec x, double power_of_two) { return _mm256_mul_pd(x, set1(power_of_two)); }

/// Two vectors of an input: eight whole residues, or low and high halves of four.
struct Whole {
  static constexpr std::size_t kColumns = 2 * kLanes;
  static void load(const std::uint64_t* words, Vec& x0, Vec& x1) {
    x0 = load_words(words);
    x1 = load_words(words + kLanes);
  }
};
struct Split {
  static constexpr std::size_t kColumns = kLanes;
  /// Where doubles are 2^25 apart: 2^52 + x is rounded to that.
  static constexpr double kRoundTwo25 = 1.5 * kTwo52 * kTwo25;
  static void load(const std::uint64_t* words, Vec& low, Vec& high) {
    const Vec x = _mm256_or_pd(load_doubles(words), set1(kTwo52));
    const Vec rounded = _mm256_sub_pd(_mm256_add_pd(x, set1(kRoundTwo25)), set1(kRoundTwo25));
    low = _mm256_sub_pd(x, rounded);
    high = _mm256_sub_pd(rounded, set1(kTwo52));
  }
};

/// What a row's sums begin with: its bias, and what its output holds.
inline Vec start(const GemmRow& row, std::size_t column) {
  const Vec bias = set1(static_cast<double>(static_cast<std::int64_t>(row.bias)));
  return row.accumulate ? _mm256_add_pd(bias, load_words(row.out + column)) : bias;
}

/// `kRows` rows times the columns of two vectors, to canonical words.
template <typename Form, std::size_t kRows>
void multiply(const Target& target, const Group& group, std::size_t in, std::size_t column) {
  constexpr bool kSplit = Form::kColumns == kLanes;
  const Prime& p = target.p;
  Vec sum[kRows][2];
#pragma GCC unroll 6
  for (std::size_t r = 0; r < kRows; ++r) {
    sum[r][0] = start(group.rows[r], column);
    sum[r][1] = kSplit ? _mm256_setzero_pd() : start(group.rows[r], column + kLanes);
  }
  const double* weights = group.weights;
  const std::uint64_t* const* source = group.sources;
  for (std::size_t s = 0;;) {
    for (const auto* const end = source + group.segments[s]; source != end; ++source) {
      const std::uint64_t* x = *source + in;
      __builtin_prefetch(x + group.prefetch);
      Vec x0, x1;
      Form::load(x, x0, x1);
#pragma GCC unroll 6
      for (std::size_t r = 0; r < kRows; ++r) {
        const Vec w = set1(weights[r]);
        sum[r][0] = _mm256_fmadd_pd(w, x0, sum[r][0]);
        sum[r][1] = _mm256_fmadd_pd(w, x1, sum[r][1]);
      }
      weights += kRows;
    }
    if (++s == group.segment_count) break;
#pragma GCC unroll 6
    for (std::size_t r = 0; r < kRows; ++r) {
      sum[r][0] = centre(sum[r][0], p);
      sum[r][1] =
          kSplit ? scaled(centre(scaled(sum[r][1], 1 / kTwo25), p), kTwo25) : centre(sum[r][1], p);
    }
  }
#pragma GCC unroll 6
  for (std::size_t r = 0; r < kRows; ++r) {
    std::uint64_t* out = group.rows[r].out + column;
    if constexpr (kSplit) {
      const Vec high = product(sum[r][1], target.two25, p);
      store_canonical(out, _mm256_add_pd(high, sum[r][0]), p);
    } else {
      store_canonical(out, sum[r][0], p);
      store_canonical(out + kLanes, sum[r][1], p);
    }
  }
}

using Kernel = void (*)(const Target&, const Group&, std::size_t, std::size_t);
template <typename Form>
constexpr Kernel kKernels[RowGroups::kMaxRows] = {multiply<Form, 1>, multiply<Form, 2>,
                                                  multiply<Form, 3>, multiply<Form, 4>,
                                                  multiply<Form, 5>, multiply<Form, 6>};

}  // namespace

void gemm(const Modulus& q, const Gemm& gemm, std::size_t n) {
  SERDAB_ASSERT(n % 16 == 0);
  // A centring takes two multiplications, a term one.
  const GemmLimits limits = {static_cast<std::int64_t>(kTwo53 / static_cast<double>(q.value())) - 4,
                             kSplitSum, 2};
  const GemmPlan<double> plan(gemm, Whole::kColumns, limits,
                              [](std::int32_t w) { return static_cast<double>(w); });
  const Target target = {make_prime(q),
                         scaled(set1_centred((std::uint64_t{1} << 25) % q.value(), q), 1 / kTwo25)};
  plan.for_columns(n, [&](std::size_t in, std::size_t column, std::size_t) {
    plan.for_groups([&](bool split, std::size_t rows, const Group& group) {
      if (!split) return kKernels<Whole>[rows - 1](target, group, in, column);
      kKernels<Split>[rows - 1](target, group, in, column);
      kKernels<Split>[rows - 1](target, group, in + Split::kColumns, column + Split::kColumns);
    });
  });
}

}  // namespace serdab::kernels::avx2
