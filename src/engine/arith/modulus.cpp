#include "engine/arith/modulus.h"

#include <bit>
#include <string>

#include "engine/base/assert.h"
#include "engine/base/error.h"

namespace serdab::arith {

Modulus::Modulus(std::uint64_t q) : value_(q), bits_(static_cast<unsigned>(std::bit_width(q))) {
  if (q < 3 || q % 2 == 0 || (q >> 62) != 0) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "modulus " + std::to_string(q) + " must be odd, at least 3 and below 2^62");
  }
  // q is odd, so it does not divide 2^128 and the two floors agree.
  const Wide ratio = ~Wide{0} / q;
  ratio_high_ = static_cast<std::uint64_t>(ratio >> 64);
  ratio_low_ = static_cast<std::uint64_t>(ratio);
}

std::uint64_t reduce(std::uint64_t a, const Modulus& q) {
  // floor(2^128/q)/2^64 is at most 1 below 2^64/q, so the quotient is at most 1 too small.
  const auto quotient = high_product(a, q.ratio_high());
  const std::uint64_t r = a - quotient * q.value();
  return r >= q.value() ? r - q.value() : r;
}

std::uint64_t reduce(Wide a, const Modulus& q) {
  // Barrett with R = floor(2^128/q): a·R/2^128 > a/q − 1, so its floor is floor(a/q) or one less.
  const auto a0 = static_cast<std::uint64_t>(a);
  const auto a1 = static_cast<std::uint64_t>(a >> 64);
  const std::uint64_t low = high_product(a0, q.ratio_low());
  const Wide middle0 = wide_product(a0, q.ratio_high()) + low;
  const Wide middle1 = wide_product(a1, q.ratio_low()) + static_cast<std::uint64_t>(middle0);
  // The remainder is below 2q < 2^63, so only the low word of the quotient matters.
  const std::uint64_t quotient = a1 * q.ratio_high() + static_cast<std::uint64_t>(middle0 >> 64) +
                                 static_cast<std::uint64_t>(middle1 >> 64);
  const std::uint64_t r = a0 - quotient * q.value();
  SERDAB_ASSERT(r < 2 * q.value());
  return r >= q.value() ? r - q.value() : r;
}

std::uint64_t reduce_signed(std::int64_t a, const Modulus& q) {
  if (a >= 0) return reduce(static_cast<std::uint64_t>(a), q);
  return negate_mod(reduce(std::uint64_t{0} - static_cast<std::uint64_t>(a), q), q);
}

std::uint64_t mul_mod(std::uint64_t a, std::uint64_t b, const Modulus& q) {
  return reduce(wide_product(a, b), q);
}

std::uint64_t pow_mod(std::uint64_t base, std::uint64_t exponent, const Modulus& q) {
  std::uint64_t square = reduce(base, q);
  std::uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = mul_mod(result, square, q);
    square = mul_mod(square, square, q);
  }
  return result;
}

std::uint64_t inverse_mod(std::uint64_t a, const Modulus& q) {
  if (reduce(a, q) == 0) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "zero has no inverse modulo " + std::to_string(q.value()));
  }
  return pow_mod(a, q.value() - 2, q);
}

ShoupFactor::ShoupFactor(std::uint64_t w, const Modulus& q)
    : value(w), quotient(static_cast<std::uint64_t>((Wide{w} << 64) / q.value())) {
  SERDAB_ASSERT(w < q.value());
}

}  // namespace serdab::arith
