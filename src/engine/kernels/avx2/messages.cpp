#include "engine/kernels/avx2/messages.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "engine/kernels/avx2/doubles.h"
#include "engine/kernels/scalar/messages.h"

namespace serdab::kernels::avx2 {
namespace {

inline __m256i load_integers(const std::uint64_t* place) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(place));
}
inline void store_integers(std::uint64_t* place, __m256i x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(place), x);
}
inline __m256i set1_integer(std::uint64_t x) {
  return _mm256_set1_epi64x(static_cast<std::int64_t>(x));
}
inline Vec magnitude(Vec x) { return _mm256_andnot_pd(set1(-0.0), x); }
inline Vec round(Vec x) {
  return _mm256_round_pd(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/// Integers in (−2^51, 2^51) to words, two's complement.
inline __m256i to_integers(Vec x) {
  return _mm256_sub_epi64(_mm256_castpd_si256(_mm256_add_pd(x, set1(kRound))),
                          _mm256_castpd_si256(set1(kRound)));
}
/// q where x is negative, else 0.
inline __m256i where_negative(__m256i x, __m256i q) {
  return _mm256_and_si256(_mm256_cmpgt_epi64(_mm256_setzero_si256(), x), q);
}

double power_of_two(int exponent) { return std::ldexp(1.0, exponent); }

}  // namespace

double scale_round(double factor, double* x, std::size_t n) {
  SERDAB_ASSERT(n % 16 == 0);
  const Vec scale = set1(factor);
  const Vec limit = set1(std::numeric_limits<double>::max());
  Vec largest = _mm256_setzero_pd();
  Vec finite = _mm256_cmp_pd(largest, largest, _CMP_EQ_OQ);
  for (std::size_t i = 0; i < n; i += kLanes) {
    const Vec rounded = round(_mm256_mul_pd(_mm256_loadu_pd(x + i), scale));
    _mm256_storeu_pd(x + i, rounded);
    finite = _mm256_and_pd(finite, _mm256_cmp_pd(magnitude(rounded), limit, _CMP_LE_OQ));
    largest = _mm256_max_pd(largest, magnitude(rounded));
  }
  if (_mm256_movemask_pd(finite) != 15) return std::numeric_limits<double>::infinity();
  alignas(32) double lanes[kLanes];
  _mm256_store_pd(lanes, largest);
  return *std::max_element(lanes, lanes + kLanes);
}

void integer_residues(const Modulus& q, double bound, const double* x, std::uint64_t* out,
                      std::size_t n) {
  SERDAB_ASSERT(n % 16 == 0);
  if (bound < static_cast<double>(q.value())) {
    const __m256i prime = set1_integer(q.value());
    for (std::size_t i = 0; i < n; i += kLanes) {
      const __m256i value = to_integers(_mm256_loadu_pd(x + i));
      store_integers(out + i, _mm256_add_epi64(value, where_negative(value, prime)));
    }
    return;
  }
  const Prime p = make_prime(q);
  if (bound < 2 * kTwo52) {
    for (std::size_t i = 0; i < n; i += kLanes) {
      // The sum makes +0 of −0.
      const Vec value = _mm256_add_pd(_mm256_loadu_pd(x + i), _mm256_setzero_pd());
      store_canonical(out + i, value, p);
    }
    return;
  }
  // Digits in base 2^50 from the top, each rounded to nearest: at most 2^49 and, as multiples of
  // powers of two at most x's own width, exact; then Horner's rule modulo q.
  constexpr int kBase = 50;
  const int digits = (std::ilogb(bound) + 2 + kBase - 1) / kBase;
  const Factor base = make_factor(set1_centred(arith::pow_mod(2, kBase, q), q), p);
  for (std::size_t i = 0; i < n; i += kLanes) {
    Vec rest = _mm256_loadu_pd(x + i);
    Vec residue = _mm256_setzero_pd();
    for (int k = digits - 1; k >= 0; --k) {
      const Vec digit = round(_mm256_mul_pd(rest, set1(power_of_two(-kBase * k))));
      rest = _mm256_fnmadd_pd(digit, set1(power_of_two(kBase * k)), rest);
      residue = _mm256_add_pd(product(residue, base, p), digit);
    }
    store_canonical(out + i, residue, p);
  }
}

void small_residues(const Modulus& q, const std::int8_t* x, std::uint64_t* out, std::size_t n) {
  SERDAB_ASSERT(n % 16 == 0);
  const __m256i prime = set1_integer(q.value());
  for (std::size_t i = 0; i < n; i += 16) {
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i));
    for (std::size_t k = 0; k < 16; k += kLanes, bytes = _mm_srli_si128(bytes, 4)) {
      const __m256i value = _mm256_cvtepi8_epi64(bytes);
      store_integers(out + i + k, _mm256_add_epi64(value, where_negative(value, prime)));
    }
  }
}

void multiply_plus(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b,
                   const std::uint64_t* c, std::uint64_t* out, std::size_t n) {
  SERDAB_ASSERT(n % 16 == 0);
  const Prime p = make_prime(q);
  for (std::size_t i = 0; i < n; i += kLanes) {
    const Vec product_ab = product(load_words(a + i), load_words(b + i), p);
    store_canonical(out + i, _mm256_add_pd(product_ab, load_words(c + i)), p);
  }
}

void mask(const Modulus& q, const std::uint64_t* a, const std::uint64_t* s, const std::uint64_t* e,
          const std::uint64_t* m, std::uint64_t* out, std::size_t n) {
  SERDAB_ASSERT(n % 16 == 0);
  const Prime p = make_prime(q);
  const auto masked = [&](std::size_t i) {
    return _mm256_sub_pd(load_words(e + i), product(load_words(a + i), load_words(s + i), p));
  };
  if (m == nullptr) {
    for (std::size_t i = 0; i < n; i += kLanes) store_canonical(out + i, masked(i), p);
    return;
  }
  for (std::size_t i = 0; i < n; i += kLanes) {
    store_canonical(out + i, _mm256_add_pd(masked(i), load_words(m + i)), p);
  }
}

namespace {

/// Coefficients that are worked on together: their limbs stay in the cache.
constexpr std::size_t kBlock = 64;

inline Vec centre_residue(Vec x, Vec q, Vec half) {
  return _mm256_sub_pd(x, _mm256_and_pd(_mm256_cmp_pd(x, half, _CMP_GT_OQ), q));
}

/// Writes the centred residues modulo the first prime; true when all others agree with them.
bool fits_one_prime(std::size_t count, const Modulus* moduli, std::uint64_t* const* residues,
                    std::size_t at, double* out) {
  const Vec q = set1(static_cast<double>(moduli[0].value()));
  const Vec half = set1(static_cast<double>(moduli[0].value() / 2));
  alignas(32) std::uint64_t signed_values[kBlock];
  for (std::size_t c = 0; c < kBlock; c += kLanes) {
    const Vec value = centre_residue(load_words(residues[0] + at + c), q, half);
    _mm256_storeu_pd(out + at + c, value);
    store_integers(signed_values + c, to_integers(value));
  }
  for (std::size_t j = 1; j < count; ++j) {
    const __m256i prime = set1_integer(moduli[j].value());
    __m256i differ = _mm256_setzero_si256();
    for (std::size_t c = 0; c < kBlock; c += kLanes) {
      const __m256i value = load_integers(signed_values + c);
      const __m256i expected = _mm256_add_epi64(value, where_negative(value, prime));
      differ =
          _mm256_or_si256(differ, _mm256_xor_si256(expected, load_integers(residues[j] + at + c)));
    }
    if (_mm256_testz_si256(differ, differ) == 0) return false;
  }
  return true;
}

/// Residues to digits, as doubles in the memory of the residues; returns how many digits there
/// are.
std::size_t to_digits(std::size_t count, const Modulus* moduli, const std::uint64_t* inverses,
                      std::uint64_t* const* residues, std::size_t at) {
  for (std::size_t i = 0; i < count; ++i) {
    const Prime p = make_prime(moduli[i]);
    std::uint64_t* digits = residues[i] + at;
    const Vec half = set1(static_cast<double>(moduli[i].value() / 2));
    for (std::size_t c = 0; c < kBlock; c += kLanes) {
      store_doubles(digits + c, i == 0 ? centre_residue(load_words(digits + c), p.q, half)
                                       : centre(load_doubles(digits + c), p));
    }
    __m256d rest = _mm256_setzero_pd();
    for (std::size_t j = i + 1; j < count; ++j) {
      const Prime pj = make_prime(moduli[j]);
      const Factor inverse = make_factor(set1_centred(inverses[i * count + j], moduli[j]), pj);
      std::uint64_t* x = residues[j] + at;
      for (std::size_t c = 0; c < kBlock; c += kLanes) {
        const Vec before = i == 0 ? load_words(x + c) : load_doubles(x + c);
        // Below 2^51, and 0 only where the residue is.
        const Vec after = product(_mm256_sub_pd(before, load_doubles(digits + c)), inverse, pj);
        store_doubles(x + c, after);
        rest = _mm256_or_pd(rest, after);
      }
    }
    if (_mm256_movemask_pd(_mm256_cmp_pd(rest, _mm256_setzero_pd(), _CMP_NEQ_UQ)) == 0) {
      return i + 1;
    }
  }
  return count;
}

/// As in scalar/messages.cpp.
void sum_of_digits(std::size_t digits, const Modulus* moduli, std::uint64_t* const* residues,
                   std::size_t at, double* out) {
  const Vec infinity = set1(std::numeric_limits<double>::infinity());
  for (std::size_t c = at; c < at + kBlock; c += kLanes) {
    Vec sum = load_doubles(residues[digits - 1] + c);
    Vec error = _mm256_setzero_pd();
    for (std::size_t i = digits - 1; i-- > 0;) {
      const Vec q = set1(static_cast<double>(moduli[i].value()));
      const Vec digit = load_doubles(residues[i] + c);
      const Vec product = _mm256_mul_pd(sum, q);
      const Vec lost = _mm256_fmsub_pd(sum, q, product);
      sum = _mm256_add_pd(product, digit);
      const Vec cut = _mm256_sub_pd(digit, _mm256_sub_pd(sum, product));
      error = _mm256_fmadd_pd(error, q, _mm256_add_pd(lost, cut));
    }
    const Vec finite = _mm256_cmp_pd(magnitude(sum), infinity, _CMP_LT_OQ);
    _mm256_storeu_pd(out + c, _mm256_add_pd(sum, _mm256_and_pd(finite, error)));
  }
}

}  // namespace

void centred_doubles(std::size_t count, const Modulus* moduli, const std::uint64_t* inverses,
                     std::uint64_t* const* residues, double* out, std::size_t n) {
  SERDAB_ASSERT(count >= 1 && count <= 64);
  if (n % kBlock != 0) {
    return scalar::centred_doubles(count, moduli, inverses, residues, out, n);
  }
  for (std::size_t at = 0; at < n; at += kBlock) {
    if (fits_one_prime(count, moduli, residues, at, out)) continue;
    const std::size_t digits = to_digits(count, moduli, inverses, residues, at);
    sum_of_digits(digits, moduli, residues, at, out);
  }
}

void signed_samples(const std::uint64_t* table, std::size_t entries, const std::uint64_t* words,
                    std::int8_t* out, std::size_t n) {
  SERDAB_ASSERT(entries <= 127);
  const __m256i low63 = set1_integer(~(std::uint64_t{1} << 63));
  const __m256i low_byte = set1_integer(0xff);
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    __m256i u[4], magnitude[4];
    for (std::size_t k = 0; k < 4; ++k) {
      u[k] = _mm256_and_si256(load_integers(words + i + 4 * k), low63);
      magnitude[k] = set1_integer(entries);
    }
    // All below 2^63: signed comparisons will do. A true one is −1.
    for (std::size_t entry = 0; entry < entries; ++entry) {
      const __m256i limit = set1_integer(table[entry]);
      for (std::size_t k = 0; k < 4; ++k) {
        magnitude[k] = _mm256_add_epi64(magnitude[k], _mm256_cmpgt_epi64(limit, u[k]));
      }
    }
    __m256i bytes = _mm256_setzero_si256();  // byte k of lane j is sample 4k + j
    for (int k = 3; k >= 0; --k) {
      const __m256i sign =
          _mm256_srli_epi64(load_integers(words + i + 4 * static_cast<std::size_t>(k)), 63);
      const __m256i flip = _mm256_sub_epi64(_mm256_setzero_si256(), sign);
      const __m256i sample = _mm256_add_epi64(_mm256_xor_si256(magnitude[k], flip), sign);
      bytes = _mm256_or_si256(_mm256_slli_epi64(bytes, 8), _mm256_and_si256(sample, low_byte));
    }
    const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
    const __m128i lanes = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(bytes, order));
    const __m128i transposition =
        _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm_shuffle_epi8(lanes, transposition));
  }
  scalar::signed_samples(table, entries, words + i, out + i, n - i);
}

std::size_t keep_below(const Modulus& q, std::uint64_t* words, std::size_t n) {
  // For every set of lanes, the 32-bit halves that bring them to the front.
  static constexpr auto kOrders = [] {
    std::array<std::array<std::uint32_t, 8>, 16> orders{};
    for (std::uint32_t lanes = 0; lanes < 16; ++lanes) {
      std::size_t place = 0;
      for (std::uint32_t lane = 0; lane < 4; ++lane) {
        if ((lanes >> lane & 1) == 0) continue;
        orders[lanes][place++] = 2 * lane;
        orders[lanes][place++] = 2 * lane + 1;
      }
    }
    return orders;
  }();
  const std::uint64_t low = (std::uint64_t{1} << q.bits()) - 1;
  const __m256i low_bits = set1_integer(low);
  const __m256i limit = set1_integer(q.value());
  std::size_t kept = 0, i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const __m256i value = _mm256_and_si256(load_integers(words + i), low_bits);
    const auto lanes = static_cast<unsigned>(
        _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(limit, value))));
    const __m256i order =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kOrders[lanes].data()));
    // Ends at or before the words just read.
    store_integers(words + kept, _mm256_permutevar8x32_epi32(value, order));
    kept += static_cast<std::size_t>(std::popcount(lanes));
  }
  for (; i < n; ++i) {
    const std::uint64_t value = words[i] & low;
    words[kept] = value;
    kept += value < q.value() ? 1 : 0;
  }
  return kept;
}

}  // namespace serdab::kernels::avx2
