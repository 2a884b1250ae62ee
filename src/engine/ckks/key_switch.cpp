#include "engine/ckks/key_switch.h"

#include <array>
#include <cstring>

#include "engine/base/assert.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/divide.h"
#include "engine/ring/limbs.h"

namespace serdab::ckks {
namespace {

using Coefficients = ring::RnsPoly<ring::Coeff>;
constexpr std::size_t kMaxDigits = 64;

/// Coefficients of every limb.
Coefficients decompose(const Context& context, const Poly& poly, Level level) {
  const ring::RnsBasis basis = context.basis(level);
  Coefficients parts(basis.n(), basis.size());
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    kernels::kernels().ntt_inverse_one(basis.ntt(i), poly.limb(i), parts.limb(i));
  });
  return parts;
}

bool in_digit(const Context& context, Level level, std::size_t j, std::size_t prime) {
  const Context::Digit digit = context.digit(level, j);
  return prime >= digit.begin && prime < digit.begin + digit.count;
}

/// Values of digit j modulo one prime outside it.
void extend(const Context& context, const Coefficients& parts, Level level, std::size_t j,
            std::size_t prime, std::uint64_t* out) {
  const ring::BaseConverter& converter = context.digit_converter(level, j);
  const Context::Digit digit = context.digit(level, j);
  if (digit.count == 1 && context.digit_form() == ring::Representative::kCentred) {
    const auto& source = context.ring().modulus(digit.begin);
    const kernels::NttJob job{.in = parts.limb(digit.begin), .out = out, .source = &source};
    return kernels::kernels().ntt_forward(context.ring().ntt(prime), {&job, 1});
  }
  std::array<const std::uint64_t*, kMaxDigits> residues;
  for (std::size_t i = 0; i < digit.count; ++i) residues[i] = parts.limb(digit.begin + i);
  const ring::BaseConverter::Target target{prime, out};
  converter.convert(residues.data(), context.digit_form(), {&target, 1});
  kernels::kernels().ntt_forward_one(context.ring().ntt(prime), out);
}

/// The key's limb for limb i of the basis q_0 … q_level, P; the key may have more primes of Q.
std::size_t key_limb(const ring::RnsBasis& basis, const SwitchingKey& key, std::size_t i) {
  return i < basis.q_limbs() ? i : key.info().level.primes() + (i - basis.q_limbs());
}

/// Both inner products for one limb.
void multiply_keys(const ring::RnsBasis& basis, std::size_t i, std::size_t digits,
                   const std::uint64_t* const* values, const SwitchingKey& key, SwitchedPair& out) {
  std::array<const std::uint64_t*, kMaxDigits> b, a;
  const std::size_t limb = key_limb(basis, key, i);
  for (std::size_t j = 0; j < digits; ++j) {
    b[j] = key.b(j).limb(limb);
    a[j] = key.a(j).limb(limb);
  }
  kernels::InnerProduct sums;
  sums.digits = digits;
  sums.d = values;
  sums.k0 = b.data();
  sums.k1 = a.data();
  sums.out0 = out.b.limb(i);
  sums.out1 = out.a.limb(i);
  kernels::kernels().inner_product(basis.modulus(i), sums, basis.n());
}

}  // namespace

Decomposition mod_up(const Context& context, const Poly& poly, Level level) {
  const ring::RnsBasis basis = context.basis_qp(level);
  const Coefficients parts = decompose(context, poly, level);
  Decomposition result{level, {}};
  const std::size_t digits = context.parameters().digits(level);
  for (std::size_t j = 0; j < digits; ++j) result.digits.emplace_back(basis.n(), basis.size());
  ring::for_each_limb(digits * basis.size(), basis.n(), [&](std::size_t task) {
    const std::size_t j = task / basis.size(), i = task % basis.size();
    std::uint64_t* out = result.digits[j].limb(i);
    if (in_digit(context, level, j, basis.prime(i))) {
      std::memcpy(out, poly.limb(i), basis.n() * sizeof(std::uint64_t));
    } else {
      extend(context, parts, level, j, basis.prime(i), out);
    }
  });
  return result;
}

SwitchedPair inner_product(const Context& context, const Decomposition& decomposition,
                           const SwitchingKey& key) {
  SERDAB_ASSERT(key.info().level >= decomposition.level);
  const ring::RnsBasis basis = context.basis_qp(decomposition.level);
  SwitchedPair out{Poly(basis.n(), basis.size()), Poly(basis.n(), basis.size())};
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    std::array<const std::uint64_t*, kMaxDigits> values;
    for (std::size_t j = 0; j < decomposition.digits.size(); ++j) {
      values[j] = decomposition.digits[j].limb(i);
    }
    multiply_keys(basis, i, decomposition.digits.size(), values.data(), key, out);
  });
  return out;
}

SwitchedPair inner_product_rotated(const Context& context, const Decomposition& decomposition,
                                   const GaloisKey& key) {
  const ring::RnsBasis basis = context.basis_qp(decomposition.level);
  const std::size_t digits = decomposition.digits.size();
  SwitchedPair out{Poly(basis.n(), basis.size()), Poly(basis.n(), basis.size())};
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    base::Buffer<std::uint64_t> rotated(digits * basis.n());
    std::array<const std::uint64_t*, kMaxDigits> values;
    for (std::size_t j = 0; j < digits; ++j) {
      std::uint64_t* fresh = rotated.data() + j * basis.n();
      kernels::kernels().permute(key.automorphism().moves(), decomposition.digits[j].limb(i), fresh,
                                 basis.n());
      values[j] = fresh;
    }
    multiply_keys(basis, i, digits, values.data(), key.switching_key(), out);
  });
  return out;
}

SwitchedPair switch_key_lazy(const Context& context, const Poly& poly, Level level,
                             const SwitchingKey& key) {
  SERDAB_ASSERT(key.info().level >= level);
  const ring::RnsBasis basis = context.basis_qp(level);
  const std::size_t digits = context.parameters().digits(level);
  const Coefficients parts = decompose(context, poly, level);
  SwitchedPair out{Poly(basis.n(), basis.size()), Poly(basis.n(), basis.size())};
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    const std::size_t prime = basis.prime(i);
    base::Buffer<std::uint64_t> extended(digits * basis.n());
    std::array<const std::uint64_t*, kMaxDigits> values;
    for (std::size_t j = 0; j < digits; ++j) {
      if (in_digit(context, level, j, prime)) {
        values[j] = poly.limb(i);
        continue;
      }
      std::uint64_t* fresh = extended.data() + j * basis.n();
      extend(context, parts, level, j, prime, fresh);
      values[j] = fresh;
    }
    multiply_keys(basis, i, digits, values.data(), key, out);
  });
  return out;
}

void mod_down(const Context& context, Level level, Poly& poly) {
  ring::divide_by_last(context.basis_qp(level), context.mod_down_converter(level), poly);
}

SwitchedPair switch_key(const Context& context, const Poly& poly, Level level,
                        const SwitchingKey& key) {
  SwitchedPair pair = switch_key_lazy(context, poly, level, key);
  mod_down(context, level, pair.b);
  mod_down(context, level, pair.a);
  return pair;
}

}  // namespace serdab::ckks
