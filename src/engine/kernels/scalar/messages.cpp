#include "engine/kernels/scalar/messages.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/base/assert.h"

namespace serdab::kernels::scalar {
namespace {

std::uint64_t integer_residue(double x, const Modulus& q) {
  SERDAB_ASSERT(std::nearbyint(x) == x);
  if (std::abs(x) < 0x1p62) return arith::reduce_signed(static_cast<std::int64_t>(x), q);
  int exponent = 0;
  const double mantissa = std::ldexp(std::frexp(x, &exponent), 53);  // an integer below 2^53
  const std::uint64_t power = arith::pow_mod(2, static_cast<std::uint64_t>(exponent - 53), q);
  return arith::mul_mod(arith::reduce_signed(static_cast<std::int64_t>(mantissa), q), power, q);
}

/// Σ digits[i]·q_0···q_{i−1} by Horner's rule; the errors of products and sums are exact doubles
/// and go along in a second sum, to be added at the end.
double sum_of_digits(std::size_t count, const Modulus* moduli, const std::int64_t* digits) {
  auto sum = static_cast<double>(digits[count - 1]);
  double error = 0;
  for (std::size_t i = count - 1; i-- > 0;) {
    const auto q = static_cast<double>(moduli[i].value());
    const auto digit = static_cast<double>(digits[i]);
    const double product = sum * q;
    const double lost = std::fma(sum, q, -product);
    // The product is 0 or larger than the digit.
    sum = product + digit;
    error = std::fma(error, q, lost + (digit - (sum - product)));
  }
  return std::isfinite(sum) ? sum + error : sum;
}

}  // namespace

double scale_round(double factor, double* x, std::size_t n) {
  double largest = 0;
  bool finite = true;
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = std::nearbyint(x[i] * factor);
    finite &= std::isfinite(x[i]);
    largest = std::max(largest, std::abs(x[i]));
  }
  return finite ? largest : std::numeric_limits<double>::infinity();
}

void integer_residues(const Modulus& q, double bound, const double* x, std::uint64_t* out,
                      std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    SERDAB_ASSERT(std::abs(x[i]) <= bound);
    if (bound >= static_cast<double>(q.value())) {
      out[i] = integer_residue(x[i], q);
      continue;
    }
    const auto value = static_cast<std::int64_t>(x[i]);
    out[i] =
        static_cast<std::uint64_t>(value) + (q.value() & static_cast<std::uint64_t>(value >> 63));
  }
}

void small_residues(const Modulus& q, const std::int8_t* x, std::uint64_t* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const auto value = static_cast<std::int64_t>(x[i]);
    out[i] =
        static_cast<std::uint64_t>(value) + (q.value() & static_cast<std::uint64_t>(value >> 63));
  }
}

void centred_doubles(std::size_t count, const Modulus* moduli, const std::uint64_t* inverses,
                     std::uint64_t* const* residues, double* out, std::size_t n) {
  SERDAB_ASSERT(count >= 1 && count <= 64);
  std::array<std::int64_t, 64> digits;
  for (std::size_t c = 0; c < n; ++c) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t residue = residues[i][c];
      SERDAB_ASSERT(residue < moduli[i].value());
      const bool upper = residue > moduli[i].value() / 2;
      digits[i] = static_cast<std::int64_t>(residue - (upper ? moduli[i].value() : 0));
      // Take the digit off and divide by the prime.
      for (std::size_t j = i + 1; j < count; ++j) {
        const std::uint64_t rest =
            arith::sub_mod(residues[j][c], arith::reduce_signed(digits[i], moduli[j]), moduli[j]);
        residues[j][c] = arith::mul_mod(rest, inverses[i * count + j], moduli[j]);
      }
    }
    out[c] = sum_of_digits(count, moduli, digits.data());
  }
}

void multiply_plus(const Modulus& q, const std::uint64_t* a, const std::uint64_t* b,
                   const std::uint64_t* c, std::uint64_t* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] = add_mod(mul_mod(a[i], b[i], q), c[i], q);
}

void mask(const Modulus& q, const std::uint64_t* a, const std::uint64_t* s, const std::uint64_t* e,
          const std::uint64_t* m, std::uint64_t* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t masked = sub_mod(e[i], mul_mod(a[i], s[i], q), q);
    out[i] = m == nullptr ? masked : add_mod(masked, m[i], q);
  }
}

void signed_samples(const std::uint64_t* table, std::size_t entries, const std::uint64_t* words,
                    std::int8_t* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t u = words[i] & ~(std::uint64_t{1} << 63);
    std::uint64_t magnitude = 0;
    // Both sides are below 2^63, so the top bit of the difference is the comparison.
    for (std::size_t k = 0; k < entries; ++k) magnitude += 1 - ((u - table[k]) >> 63);
    const std::uint64_t sign = words[i] >> 63;
    out[i] = static_cast<std::int8_t>((magnitude ^ (0 - sign)) + sign);
  }
}

std::size_t keep_below(const Modulus& q, std::uint64_t* words, std::size_t n) {
  const std::uint64_t low = (std::uint64_t{1} << q.bits()) - 1;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t value = words[i] & low;
    words[kept] = value;
    kept += value < q.value() ? 1 : 0;
  }
  return kept;
}

}  // namespace serdab::kernels::scalar
