#include "engine/ckks/integers.h"

#include <cmath>

#include "engine/base/assert.h"

namespace serdab::ckks {

std::uint64_t integer_residue(double x, const arith::Modulus& q) {
  SERDAB_ASSERT(std::nearbyint(x) == x);
  if (std::abs(x) < 0x1p62) return arith::reduce_signed(static_cast<std::int64_t>(x), q);
  int exponent = 0;
  const double mantissa = std::ldexp(std::frexp(x, &exponent), 53);  // an integer below 2^53
  const std::uint64_t power = arith::pow_mod(2, static_cast<std::uint64_t>(exponent - 53), q);
  return arith::mul_mod(arith::reduce_signed(static_cast<std::int64_t>(mantissa), q), power, q);
}

}  // namespace serdab::ckks
