#include "engine/base/pool.h"
#include "engine/kernels/avx2/doubles.h"
#include "engine/kernels/avx2/sums.h"

// Digits are doubles: for centred representatives balanced ones, |d_i| <= (m_i − 1)/2. Balanced
// digits of odd moduli represent exactly the integers within (M − 1)/2, so that neither the shift
// nor the offset of the specification is needed; otherwise digits in [0, m_i).
//
// Ranges: while digit i is made, |x| <= 3/4·m_i and |d_j| < 2^50, so that |x − d_j| < 2^51 and its
// quotient by m_i, times a factor of at most m_i/2, is below 2^50: product() gives ±3/4·m_i again.
// Products of digits by factors |f| <= q/2 are within 3/4·q < 2^50 too; four of them and a sum that
// was centred before stay below 2^53.
namespace serdab::kernels::avx2 {
namespace {

constexpr std::size_t kMaxSources = 64;
constexpr std::size_t kStrip = 64;   ///< columns whose digits wait in L1
constexpr std::size_t kVectors = 4;  ///< at a time: a chain of products takes 17 cycles each
constexpr std::size_t kTermsBeforeCentring = 4;

/// Digits of one strip.
using Digits = double[kMaxSources][kStrip];

/// A fixed factor (doubles.h) in memory, for broadcasts.
struct Constant {
  double w, ratio;
};
inline Factor load_factor(const Constant* constant) {
  return {set1(constant->w), set1(constant->ratio)};
}

/// All factors of a change of basis: for the digits, then for the targets.
class Constants {
 public:
  explicit Constants(const BasisChange& change) : sources_(change.sources) {
    bytes_ = (sources_ + change.targets) * sources_ * sizeof(Constant);
    constants_ = static_cast<Constant*>(base::pool_acquire(bytes_));
    for (std::size_t i = 0; i < sources_; ++i) {
      fill(constants_ + i * sources_, change.inverses + i * sources_, i, *change.moduli[i]);
    }
    for (std::size_t t = 0; t < change.targets; ++t) {
      fill(constants_ + (sources_ + t) * sources_, change.target[t].factors, sources_,
           *change.target[t].q);
    }
  }
  ~Constants() { base::pool_release(constants_, bytes_); }
  Constants(const Constants&) = delete;
  Constants& operator=(const Constants&) = delete;

  const Constant* digit(std::size_t i) const { return constants_ + i * sources_; }
  const Constant* target(std::size_t t) const { return constants_ + (sources_ + t) * sources_; }

 private:
  static void fill(Constant* out, const std::uint64_t* factors, std::size_t count,
                   const Modulus& q) {
    const auto prime = static_cast<double>(q.value());
    for (std::size_t i = 0; i < count; ++i) {
      const auto w = static_cast<double>(static_cast<std::int64_t>(factors[i]));
      const double centred = factors[i] > q.value() / 2 ? w - prime : w;
      out[i] = {centred, centred / prime};
    }
  }
  std::size_t sources_, bytes_;
  Constant* constants_;
};

/// x within ±3q/4 to [0, q).
inline Vec positive(Vec x, const Prime& p) {
  return _mm256_add_pd(x, _mm256_blendv_pd(_mm256_setzero_pd(), p.q, x));
}

void make_digit(const BasisChange& change, const Constants& constants, std::size_t i,
                std::size_t column, std::size_t width, Digits& digits) {
  const Prime p = make_prime(*change.moduli[i]);
  const Constant* const inverses = constants.digit(i);
  const bool centred = change.shifts != nullptr;
  for (std::size_t c = 0; c < width; c += kVectors * kLanes) {
    Vec x[kVectors];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      x[v] = load_words(change.in[i] + column + c + v * kLanes);
    }
    for (std::size_t j = 0; j < i; ++j) {
      const Factor inverse = load_factor(inverses + j);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) {
        const Vec digit = _mm256_load_pd(digits[j] + c + v * kLanes);
        x[v] = product(_mm256_sub_pd(x[v], digit), inverse, p);
      }
    }
    // q is odd and its inverse good to 2^-53, so that the balanced residue is exact.
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      _mm256_store_pd(digits[i] + c + v * kLanes, centred ? centre(x[v], p) : positive(x[v], p));
    }
  }
}

void convert(const BasisTarget& target, const Constant* factors, std::size_t sources,
             const Digits& digits, std::size_t column, std::size_t width) {
  const Prime p = make_prime(*target.q);
  for (std::size_t c = 0; c < width; c += kVectors * kLanes) {
    Vec x[kVectors];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) x[v] = _mm256_load_pd(digits[0] + c + v * kLanes);
    for (std::size_t i = 1; i < sources; ++i) {
      if (i % kTermsBeforeCentring == 0) {
        for (Vec& sum : x) sum = centre(sum, p);
      }
      const Factor factor = load_factor(factors + i);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) {
        const Vec digit = _mm256_load_pd(digits[i] + c + v * kLanes);
        x[v] = _mm256_add_pd(x[v], product(digit, factor, p));
      }
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      store_canonical(target.out + column + c + v * kLanes, x[v], p);
    }
  }
}

}  // namespace

void change_basis(const BasisChange& change, std::size_t n) {
  SERDAB_ASSERT(change.sources >= 1 && change.sources <= kMaxSources && n % 16 == 0);
  const Constants constants(change);
  alignas(32) Digits digits;
  for (std::size_t column = 0; column < n; column += kStrip) {
    const std::size_t width = n - column < kStrip ? n - column : kStrip;
    for (std::size_t i = 0; i < change.sources; ++i) {
      make_digit(change, constants, i, column, width, digits);
    }
    for (std::size_t t = 0; t < change.targets; ++t) {
      convert(change.target[t], constants.target(t), change.sources, digits, column, width);
    }
  }
}

}  // namespace serdab::kernels::avx2
