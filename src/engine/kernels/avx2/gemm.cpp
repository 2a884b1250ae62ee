#include "engine/kernels/avx2/doubles.h"
#include "engine/kernels/avx2/sums.h"
#include "engine/kernels/gemm_plan.h"

// Weights and residues as doubles, one or two exact FMAs for a multiply-accumulate of four lanes.
//
// With S = max_r Σ_k |w[r][k]| of all blocks: whole residues in [0, q) while (S + 2)·q <= 2^53,
// centred ones while (S/2 + 2)·(q + 1) <= 2^53. Otherwise a residue is hi·2^25 + lo with 0 <= hi <=
// 2^25, |lo| <= 2^24, and both halves are summed; if S > 2^26, the sums are centred modulo q after
// every `period` terms, so that they stay below 2^50 + 2^51 < 2^52.
//
// Strips of columns: every input is converted once, into panels of two vectors for each input, (lo,
// hi) of four columns or eight whole ones; then all blocks run on the panels. The inner kernel is
// the same: up to 6 rows x 2 vectors in registers.
namespace serdab::kernels::avx2 {
namespace {

constexpr double kTwo25 = 33554432.0;
constexpr double kTwo53 = 2 * kTwo52;
constexpr std::int64_t kSplitSum = std::int64_t{1} << 26;
constexpr std::size_t kStripBytes = std::size_t{128} << 10;
constexpr std::size_t kMinStrip = 32;
constexpr std::size_t kMaxStrip = 64;
constexpr std::size_t kPrefetchAhead = 8;
constexpr std::size_t kPanelDoubles = 2 * kLanes;

enum class Form { kWhole, kCentred, kSplit };

Form choose_form(const Modulus& q, std::int64_t largest_sum) {
  const auto sum = static_cast<double>(largest_sum);
  const auto size = static_cast<double>(q.value() + 1);
  if ((sum + 2) * size <= kTwo53) return Form::kWhole;
  return (sum / 2 + 2) * size <= kTwo53 ? Form::kCentred : Form::kSplit;
}

template <Form kForm>
void pack_inputs(const Modulus& modulus, const Gemm& gemm, std::size_t column, std::size_t width,
                 double* panels) {
  const Vec q = set1(static_cast<double>(modulus.value()));
  const Vec half = set1(static_cast<double>(modulus.value() / 2));
  const Vec round = set1(kRound);
  constexpr std::size_t kColumns = kForm == Form::kSplit ? kLanes : 2 * kLanes;
  for (std::size_t k = 0; k < gemm.inputs; ++k) {
    double* place = panels + k * kPanelDoubles;
    // Each input is an array of its own: the next lines are in no prefetcher's stream.
    const std::size_t ahead = k + kPrefetchAhead < gemm.inputs ? k + kPrefetchAhead : k;
    for (std::size_t c = 0; c < width; c += 8) __builtin_prefetch(gemm.in[ahead] + column + c);
    for (std::size_t c = 0; c < width; c += kColumns, place += gemm.inputs * kPanelDoubles) {
      const Vec x = load_words(gemm.in[k] + column + c);
      if constexpr (kForm == Form::kSplit) {
        const Vec high = _mm256_sub_pd(_mm256_fmadd_pd(x, set1(1 / kTwo25), round), round);
        _mm256_storeu_pd(place, _mm256_fnmadd_pd(high, set1(kTwo25), x));
        _mm256_storeu_pd(place + kLanes, high);
        continue;
      }
      const Vec y = load_words(gemm.in[k] + column + c + kLanes);
      const auto centred = [&](Vec z) {
        return _mm256_sub_pd(z, _mm256_and_pd(_mm256_cmp_pd(z, half, _CMP_GT_OQ), q));
      };
      _mm256_storeu_pd(place, kForm == Form::kCentred ? centred(x) : x);
      _mm256_storeu_pd(place + kLanes, kForm == Form::kCentred ? centred(y) : y);
    }
  }
}

/// What all panels of a call share.
struct Target {
  Prime p;
  Vec two25;  ///< 2^25 mod q, centred
  bool split;
};

using Group = GemmGroup<double>;

/// sum += weights·panel over `terms` terms. A function of its own keeps the counters of its caller
/// out of the registers of this loop.
template <std::size_t kRows>
inline void accumulate(Vec (&sum)[kRows][2], const double* weights, const std::uint32_t* columns,
                       const double* panel, std::size_t terms) {
  for (const std::uint32_t* const end = columns + terms; columns != end; ++columns) {
    const double* x = panel + std::size_t{*columns} * kPanelDoubles;
    const Vec x0 = _mm256_loadu_pd(x);
    const Vec x1 = _mm256_loadu_pd(x + kLanes);
#pragma GCC unroll 6
    for (std::size_t r = 0; r < kRows; ++r) {
      const Vec w = set1(weights[r]);
      sum[r][0] = _mm256_fmadd_pd(w, x0, sum[r][0]);
      sum[r][1] = _mm256_fmadd_pd(w, x1, sum[r][1]);
    }
    weights += kRows;
  }
}

/// The same with centrings, for sums that would leave 2^52.
template <std::size_t kRows>
[[gnu::noinline]] void accumulate_in_periods(Vec (&sum)[kRows][2], const Group& group,
                                             const double* panel, const Prime& p) {
  for (std::size_t begin = 0; begin < group.cols; begin += group.period) {
    const std::size_t rest = group.cols - begin;
    accumulate<kRows>(sum, group.weights + begin * kRows, group.columns + begin, panel,
                      rest < group.period ? rest : group.period);
    for (std::size_t r = 0; r < kRows; ++r) {
      SERDAB_ASSERT(all_within(sum[r][0], kTwo52) && all_within(sum[r][1], kTwo52));
      sum[r][0] = centre(sum[r][0], p);
      sum[r][1] = centre(sum[r][1], p);
    }
  }
}

/// `kRows` rows times one panel, to canonical words.
template <std::size_t kRows>
void multiply_panel(const Target& target, const Group& group, const double* panel,
                    std::size_t column) {
  Vec sum[kRows][2];
#pragma GCC unroll 6
  for (std::size_t r = 0; r < kRows; ++r) {
    const GemmRow& row = group.rows[r];
    const Vec bias = set1(static_cast<double>(static_cast<std::int64_t>(row.bias)));
    sum[r][0] = bias;
    sum[r][1] = target.split ? _mm256_setzero_pd() : bias;
    if (row.accumulate) {
      sum[r][0] = _mm256_add_pd(bias, load_words(row.out + column));
      if (!target.split) sum[r][1] = _mm256_add_pd(bias, load_words(row.out + column + kLanes));
    }
  }
  if (group.period < group.cols) {
    accumulate_in_periods<kRows>(sum, group, panel, target.p);
  } else {
    accumulate<kRows>(sum, group.weights, group.columns, panel, group.cols);
  }
  const Prime& p = target.p;
#pragma GCC unroll 6
  for (std::size_t r = 0; r < kRows; ++r) {
    std::uint64_t* out = group.rows[r].out + column;
    if (target.split) {
      const Vec high = product(sum[r][1], target.two25, p);
      store_canonical(out, _mm256_add_pd(high, sum[r][0]), p);
    } else {
      store_canonical(out, sum[r][0], p);
      store_canonical(out + kLanes, sum[r][1], p);
    }
  }
}

using PanelKernel = void (*)(const Target&, const Group&, const double*, std::size_t);
constexpr PanelKernel kPanelKernels[RowGroups::kMaxRows] = {
    multiply_panel<1>, multiply_panel<2>, multiply_panel<3>,
    multiply_panel<4>, multiply_panel<5>, multiply_panel<6>,
};

}  // namespace

void gemm(const Modulus& q, const Gemm& gemm, std::size_t n) {
  SERDAB_ASSERT(n % 16 == 0);
  GemmPlan<double> plan(gemm);
  const Form form = choose_form(q, plan.largest_sum());
  const bool split = form == Form::kSplit;
  plan.prepare(kPanelDoubles, split ? kLanes : 2 * kLanes, kMinStrip, kMaxStrip, kStripBytes,
               split ? kSplitSum : plan.largest_sum(),
               [](std::int32_t w) { return static_cast<double>(w); });
  const auto pack_inputs_as = form == Form::kWhole     ? pack_inputs<Form::kWhole>
                              : form == Form::kCentred ? pack_inputs<Form::kCentred>
                                                       : pack_inputs<Form::kSplit>;
  const Target target{make_prime(q), set1_centred((std::uint64_t{1} << 25) % q.value(), q), split};
  for (std::size_t column = 0; column < n; column += plan.strip()) {
    const std::size_t width = n - column < plan.strip() ? n - column : plan.strip();
    pack_inputs_as(q, gemm, column, width, plan.panels());
    plan.for_panels(column, width,
                    [&](std::size_t rows, const Group& group, const double* panel, std::size_t c) {
                      kPanelKernels[rows - 1](target, group, panel, c);
                    });
  }
}

}  // namespace serdab::kernels::avx2
