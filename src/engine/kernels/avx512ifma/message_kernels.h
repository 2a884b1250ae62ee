#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/kernels/avx512ifma/residues.h"
#include "engine/kernels/fft_passes.h"
#include "engine/kernels/message_kernels.h"

namespace serdab::kernels::avx512ifma {

template <typename V>
struct Messages {
  using Words = const std::uint64_t*;
  using WordsOut = std::uint64_t*;
  using Vec = typename V::Vec;
  using D = typename V::Doubles;
  using DVec = typename D::Vec;

  static double scale_round(double factor, double* x, std::size_t n) {
    SERDAB_ASSERT(n % 16 == 0);
    const DVec scale = D::set1(factor);
    DVec largest = D::set1(0);
    bool finite = true;
    for (std::size_t i = 0; i < n; i += V::kLanes) {
      const DVec rounded = D::round(D::mul(D::load(x + i), scale));
      D::store(x + i, rounded);
      finite &= D::all_finite(rounded);
      largest = D::max(largest, D::magnitude(rounded));
    }
    if (!finite) return std::numeric_limits<double>::infinity();
    double lanes[V::kLanes];
    D::store(lanes, largest);
    return *std::max_element(lanes, lanes + V::kLanes);
  }

  /// Integers in (−2^51, 2^51) to words, two's complement; and back.
  static Vec to_words(DVec x) {
    return V::sub(D::bits(D::add(x, D::set1(kRound))), D::bits(D::set1(kRound)));
  }
  static DVec to_doubles(Vec x) {
    return D::sub(D::from_bits(V::add(x, D::bits(D::set1(kRound)))), D::set1(kRound));
  }
  /// x in (−m, m), two's complement, to [0, m): x + m wraps for negative x only.
  static Vec add_once(Vec x, Vec m) { return V::min(x, V::add(x, m)); }

  static void integer_residues(const Modulus& q, double bound, const double* x, WordsOut out,
                               std::size_t n) {
    SERDAB_ASSERT(n % 16 == 0);
    const Prime<V> p(q);
    if (bound < static_cast<double>(q.value())) {
      for (std::size_t i = 0; i < n; i += V::kLanes) {
        V::store(out + i, add_once(to_words(D::load(x + i)), p.q));
      }
      return;
    }
    // Digits in base 2^50 from the top, each rounded to nearest: at most 2^49 and, as multiples of
    // powers of two at most x's own width, exact; then Horner's rule modulo q. The multiple of q
    // that makes a digit positive lies in [2^49, 2^49 + q).
    constexpr int kBase = 50;
    constexpr std::uint64_t kLargest = std::uint64_t{1} << 49;
    const int digits = std::max(1, (std::ilogb(bound) + 2 + kBase - 1) / kBase);
    const Factor<V> base = make_factor<V>(arith::pow_mod(2, kBase, q), q.value());
    const Factor<V> one = make_factor<V>(1, q.value());
    const Vec shift = V::set1((kLargest + q.value() - 1) / q.value() * q.value());
    for (std::size_t i = 0; i < n; i += V::kLanes) {
      DVec rest = D::load(x + i);
      Vec residue = p.zero;
      for (int k = digits - 1; k >= 0; --k) {
        const DVec digit = D::round(D::mul(rest, D::set1(std::ldexp(1.0, -kBase * k))));
        rest = D::fnmadd(digit, D::set1(std::ldexp(1.0, kBase * k)), rest);
        residue = V::add(product<V>(residue, base, p), V::add(to_words(digit), shift));
      }
      V::store(out + i, subtract_once<V>(product<V>(residue, one, p), p.q));
    }
  }

  static void small_residues(const Modulus& q, const std::int8_t* x, WordsOut out, std::size_t n) {
    SERDAB_ASSERT(n % 16 == 0);
    const Vec prime = V::set1(q.value());
    for (std::size_t i = 0; i < n; i += V::kLanes) {
      V::store(out + i, add_once(V::load_bytes(x + i), prime));
    }
  }

  static void multiply_plus(const Modulus& q, Words a, Words b, Words c, WordsOut out,
                            std::size_t n) {
    SERDAB_ASSERT(n % 16 == 0);
    const Prime<V> p(q);
    const Barrett<V> barrett(q);
    for (std::size_t i = 0; i < n; i += V::kLanes) {
      const Vec ab =
          subtract_once<V>(product<V>(V::load(a + i), V::load(b + i), barrett, p), p.twice);
      V::store(out + i, canonical<V>(V::add(ab, V::load(c + i)), p));
    }
  }

  /// The product is below 4q, brought below 2q; e − product + 2q + m below 4q.
  static void mask(const Modulus& q, Words a, Words s, Words e, Words m, WordsOut out,
                   std::size_t n) {
    SERDAB_ASSERT(n % 16 == 0);
    const Prime<V> p(q);
    const Barrett<V> barrett(q);
    for (std::size_t i = 0; i < n; i += V::kLanes) {
      const Vec as =
          subtract_once<V>(product<V>(V::load(a + i), V::load(s + i), barrett, p), p.twice);
      Vec sum = V::sub(V::add(V::load(e + i), p.twice), as);
      if (m != nullptr) sum = V::add(sum, V::load(m + i));
      V::store(out + i, canonical<V>(sum, p));
    }
  }

  static void centred_doubles(std::size_t count, const Modulus* moduli,
                              const std::uint64_t* inverses, std::uint64_t* const* residues,
                              double* out, std::size_t n) {
    SERDAB_ASSERT(count >= 1 && count <= 64 && n % 16 == 0);
    for (std::size_t at = 0; at < n; at += kBlock) {
      const std::size_t end = std::min(n, at + kBlock);
      if (fits_one_prime(count, moduli, residues, at, end, out)) continue;
      const std::size_t digits = to_digits(count, moduli, inverses, residues, at, end);
      sum_of_digits(digits, moduli, residues, at, end, out);
    }
  }

  /// No early exit: constant time.
  static void signed_samples(const std::uint64_t* table, std::size_t entries, Words words,
                             std::int8_t* out, std::size_t n) {
    const Vec low63 = V::set1(~(std::uint64_t{1} << 63));
    const Vec zero = V::set1(0);
    constexpr std::size_t kAtOnce = 4 * V::kLanes;
    std::size_t i = 0;
    for (; i + kAtOnce <= n; i += kAtOnce) {
      Vec u[4], smaller[4];
      for (std::size_t k = 0; k < 4; ++k) {
        u[k] = V::bit_and(V::load(words + i + k * V::kLanes), low63);
        smaller[k] = zero;
      }
      for (std::size_t entry = 0; entry < entries; ++entry) {
        const Vec limit = V::set1(table[entry]);
        for (std::size_t k = 0; k < 4; ++k) {
          smaller[k] = V::add(smaller[k], V::shift_right(V::sub(u[k], limit), 63));
        }
      }
      for (std::size_t k = 0; k < 4; ++k) {
        const Vec sign = V::shift_right(V::load(words + i + k * V::kLanes), 63);
        const Vec magnitude = V::sub(V::set1(entries), smaller[k]);
        // −m as m − 2m.
        const Vec twice = V::bit_and(V::add(magnitude, magnitude), V::sub(zero, sign));
        V::store_bytes(out + i + k * V::kLanes, V::sub(magnitude, twice));
      }
    }
    scalar::signed_samples(table, entries, words + i, out + i, n - i);
  }

 private:
  static constexpr double kRound = 0x1.8p52;
  /// Coefficients that are worked on together: their limbs stay in the cache.
  static constexpr std::size_t kBlock = 64;

  /// x in [0, q) to its centred value, two's complement: q/2 − x wraps where q is to be subtracted.
  static Vec centre(Vec x, Vec half, Vec q) {
    const Vec upper = V::shift_right(V::sub(half, x), 63);
    return V::sub(x, V::bit_and(V::sub(V::set1(0), upper), q));
  }

  static bool fits_one_prime(std::size_t count, const Modulus* moduli,
                             std::uint64_t* const* residues, std::size_t at, std::size_t end,
                             double* out) {
    const Vec q = V::set1(moduli[0].value()), half = V::set1(moduli[0].value() / 2);
    for (std::size_t c = at; c < end; c += V::kLanes) {
      D::store(out + c, to_doubles(centre(V::load(residues[0] + c), half, q)));
    }
    for (std::size_t j = 1; j < count; ++j) {
      const Vec prime = V::set1(moduli[j].value());
      Vec differ = V::set1(0);
      for (std::size_t c = at; c < end; c += V::kLanes) {
        const Vec expected = add_once(centre(V::load(residues[0] + c), half, q), prime);
        const Vec residue = V::load(residues[j] + c);
        differ = V::bit_or(differ, V::bit_or(V::sub(expected, residue), V::sub(residue, expected)));
      }
      if (!V::all_below(differ, 1)) return false;
    }
    return true;
  }

  /// Residues to digits, two's complement in the memory of the residues; returns how many there
  /// are. The multiple of q_j that makes a difference positive lies in [q_i/2, q_i/2 + q_j).
  static std::size_t to_digits(std::size_t count, const Modulus* moduli,
                               const std::uint64_t* inverses, std::uint64_t* const* residues,
                               std::size_t at, std::size_t end) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t qi = moduli[i].value();
      const Vec q = V::set1(qi), half = V::set1(qi / 2);
      for (std::size_t c = at; c < end; c += V::kLanes) {
        V::store(residues[i] + c, centre(V::load(residues[i] + c), half, q));
      }
      Vec rest = V::set1(0);
      for (std::size_t j = i + 1; j < count; ++j) {
        const Prime<V> p(moduli[j]);
        const Factor<V> inverse = make_factor<V>(inverses[i * count + j], p.value);
        const Vec shift = V::set1((qi / 2 + p.value - 1) / p.value * p.value);
        for (std::size_t c = at; c < end; c += V::kLanes) {
          const Vec difference =
              V::sub(V::add(V::load(residues[j] + c), shift), V::load(residues[i] + c));
          const Vec next = subtract_once<V>(product<V>(difference, inverse, p), p.q);
          V::store(residues[j] + c, next);
          rest = V::bit_or(rest, next);
        }
      }
      if (V::all_below(rest, 1)) return i + 1;
    }
    return count;
  }

  /// As in scalar/messages.cpp.
  static void sum_of_digits(std::size_t digits, const Modulus* moduli,
                            std::uint64_t* const* residues, std::size_t at, std::size_t end,
                            double* out) {
    for (std::size_t c = at; c < end; c += V::kLanes) {
      DVec sum = to_doubles(V::load(residues[digits - 1] + c));
      DVec error = D::set1(0);
      for (std::size_t i = digits - 1; i-- > 0;) {
        const DVec q = D::set1(static_cast<double>(moduli[i].value()));
        const DVec digit = to_doubles(V::load(residues[i] + c));
        const DVec product = D::mul(sum, q);
        const DVec lost = D::fmsub(sum, q, product);
        sum = D::add(product, digit);
        const DVec cut = D::sub(digit, D::sub(sum, product));
        error = D::fmadd(error, q, D::add(lost, cut));
      }
      D::store(out + c, D::add(sum, D::where_finite(sum, error)));
    }
  }
};

/// Packing and dropping move bytes between lanes: the caller names them.
template <typename V>
constexpr MessageKernels make_messages(const MessageKernels& movers) {
  return {
      .fft_forward = Fft<typename V::Doubles>::forward,
      .fft_inverse = Fft<typename V::Doubles>::inverse,
      .scale_round = Messages<V>::scale_round,
      .integer_residues = Messages<V>::integer_residues,
      .small_residues = Messages<V>::small_residues,
      .centred_doubles = Messages<V>::centred_doubles,
      .multiply_plus = Messages<V>::multiply_plus,
      .mask = Messages<V>::mask,
      .signed_samples = Messages<V>::signed_samples,
      .keep_below = movers.keep_below,
      .pack_bits = movers.pack_bits,
      .unpack_bits = movers.unpack_bits,
  };
}

}  // namespace serdab::kernels::avx512ifma
