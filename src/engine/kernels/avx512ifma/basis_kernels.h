#pragma once

#include "engine/base/pool.h"
#include "engine/kernels/avx512ifma/sums_kernels.h"

namespace serdab::kernels::avx512ifma {

/// Exact base conversion: strips of columns, whose mixed-radix digits wait in L1 for all targets.
template <typename V>
struct Basis {
  using Vec = typename V::Vec;
  using Word = std::uint64_t;
  using Accumulator = typename Sums<V>::Accumulator;
  using Target = typename Sums<V>::Target;
  static constexpr std::size_t kLanes = V::kLanes;
  static constexpr std::size_t kVectors = 2;
  static constexpr std::size_t kMaxSources = 64;
  static constexpr std::size_t kStrip = 64;
  using Digits = Word[kMaxSources][kStrip];

  /// 1/m_j mod m_i as a factor, and the multiple of m_i that is above m_j.
  struct Step {
    Word w, ratio, lift;
  };
  /// The steps to all digits, digit i from place i·sources.
  class Steps {
   public:
    explicit Steps(const BasisChange& change) : sources_(change.sources) {
      steps_ = static_cast<Step*>(base::pool_acquire(bytes()));
      for (std::size_t i = 0; i < sources_; ++i) {
        const Word m = change.moduli[i]->value();
        for (std::size_t j = 0; j < i; ++j) {
          const Word w = change.inverses[i * sources_ + j];
          const auto wide = static_cast<unsigned __int128>(w) << 52;
          steps_[i * sources_ + j] = {w, static_cast<Word>(wide / m),
                                      (change.moduli[j]->value() / m + 1) * m};
        }
      }
    }
    ~Steps() { base::pool_release(steps_, bytes()); }
    Steps(const Steps&) = delete;
    Steps& operator=(const Steps&) = delete;
    const Step* operator[](std::size_t i) const { return steps_ + i * sources_; }

   private:
    std::size_t bytes() const { return sources_ * sources_ * sizeof(Step); }
    std::size_t sources_;
    Step* steps_;
  };

  /// Digit i in [0, m_i). While it is made, x < 2·m_i; the multiple of m_i that keeps x − d_j
  /// positive is at most m_j + m_i, and everything below 4·2^50.
  static void make_digit(const BasisChange& change, const Step* steps, std::size_t i,
                         std::size_t column, std::size_t width, Digits& digits) {
    const Prime<V> p(*change.moduli[i]);
    const Vec shift = V::set1(change.shifts == nullptr ? 0 : change.shifts[i]);
    for (std::size_t c = 0; c < width; c += kVectors * kLanes) {
      Vec x[kVectors];
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVectors; ++v) {
        const Vec residue = V::load(change.in[i] + column + c + v * kLanes);
        x[v] = subtract_once<V>(V::add(residue, shift), p.q);
      }
      for (std::size_t j = 0; j < i; ++j) {
        const Factor<V> inverse = {V::set1(steps[j].w), V::set1(steps[j].ratio)};
        const Vec lift = V::set1(steps[j].lift);
#pragma GCC unroll 2
        for (std::size_t v = 0; v < kVectors; ++v) {
          const Vec digit = V::load(digits[j] + c + v * kLanes);
          x[v] = product<V>(V::sub(V::add(x[v], lift), digit), inverse, p);
        }
      }
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVectors; ++v) {
        V::store(digits[i] + c + v * kLanes, subtract_once<V>(x[v], p.q));
      }
    }
  }

  static void convert(const BasisTarget& target, std::size_t sources, const Digits& digits,
                      std::size_t column, std::size_t width) {
    const Target reduction(*target.q, sources);
    const Vec offset = V::set1(target.offset);
    for (std::size_t c = 0; c < width; c += kVectors * kLanes) {
      // The first factor is 1.
      Accumulator sum[kVectors];
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVectors; ++v) {
        sum[v] = {V::add(offset, V::load(digits[0] + c + v * kLanes)), reduction.p.zero};
      }
      for (std::size_t i = 1; i < sources; ++i) {
        const Vec factor = V::set1(target.factors[i]);
#pragma GCC unroll 2
        for (std::size_t v = 0; v < kVectors; ++v) {
          sum[v].add(V::load(digits[i] + c + v * kLanes), factor);
        }
      }
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVectors; ++v) {
        reduction.store(target.out + column + c + v * kLanes, sum[v]);
      }
    }
  }

  static void change_basis(const BasisChange& change, std::size_t n) {
    SERDAB_ASSERT(change.sources >= 1 && change.sources <= kMaxSources && n % 16 == 0);
    const Steps steps(change);
    alignas(64) Digits digits;
    for (std::size_t column = 0; column < n; column += kStrip) {
      const std::size_t width = n - column < kStrip ? n - column : kStrip;
      for (std::size_t i = 0; i < change.sources; ++i) {
        make_digit(change, steps[i], i, column, width, digits);
      }
      for (std::size_t t = 0; t < change.targets; ++t) {
        convert(change.target[t], change.sources, digits, column, width);
      }
    }
  }
};

}  // namespace serdab::kernels::avx512ifma
