#include "service/wire/rounding.h"

#include <cmath>

#include "engine/base/assert.h"
#include "engine/ring/transform.h"
#include "networks/program/package.h"
#include "service/wire/bit_packing.h"

namespace serdab::wire {
namespace {

constexpr ckks::Level kLowest{0};

// q_0 / 2^bits, the unit that coefficients are rounded to.
double unit(const ckks::Context& context, unsigned bits) {
  return std::ldexp(static_cast<double>(context.ring().modulus(0).value()),
                    -static_cast<int>(bits));
}

}  // namespace

std::size_t rounded_bytes(const ckks::Context& context, std::size_t stride, unsigned bits) {
  return packed_bytes(context.n() / stride, bits);
}

void write_rounded(const ckks::Context& context, const ckks::Poly& poly, std::size_t stride,
                   unsigned bits, std::span<std::uint8_t> out) {
  SERDAB_ASSERT(bits >= 1 && bits <= program::AnswerForm::kMaxBits);
  const auto coefficients = ring::to_coeff(poly.clone(), context.basis(kLowest));
  const double per_unit = 1 / unit(context, bits);
  const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
  std::vector<std::uint64_t> rounded(context.n() / stride);
  for (std::size_t i = 0; i < rounded.size(); ++i) {
    const auto v = static_cast<double>(coefficients.limb(0)[i * stride]);
    rounded[i] = static_cast<std::uint64_t>(v * per_unit + 0.5) & mask;
  }
  pack_bits(rounded, bits, out);
}

ckks::Poly read_rounded(const ckks::Context& context, std::span<const std::uint8_t> bytes,
                        std::size_t stride, unsigned bits) {
  std::vector<std::uint64_t> rounded(context.n() / stride);
  unpack_bits(bytes, bits, rounded);
  const std::uint64_t q = context.ring().modulus(0).value();
  const double one = unit(context, bits);
  auto coefficients = ring::RnsPoly<ring::Coeff>::zeroed(context.n(), 1);
  for (std::size_t i = 0; i < rounded.size(); ++i) {
    const auto v = static_cast<std::uint64_t>(static_cast<double>(rounded[i]) * one + 0.5);
    coefficients.limb(0)[i * stride] = v >= q ? v - q : v;
  }
  return ring::to_ntt(std::move(coefficients), context.basis(kLowest));
}

}  // namespace serdab::wire
