#include <cmath>
#include <string>

#include "engine/base/error.h"
#include "engine/ckks/checks.h"
#include "engine/ckks/evaluator.h"
#include "engine/ckks/integers.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/arithmetic.h"
#include "engine/ring/limbs.h"

namespace serdab::ckks {

Ciphertext Evaluator::add(const Ciphertext& a, const Ciphertext& b) const {
  Ciphertext sum = a.clone();
  add_inplace(sum, b);
  return sum;
}

void Evaluator::add_inplace(Ciphertext& a, const Ciphertext& b) const {
  check_parameters(*context_, a.parameter_id(), "add");
  check_same_level(a.info(), b.info(), "add");
  check_same_scale(a.scale(), b.scale(), "add");
  const ring::RnsBasis basis = context_->basis(a.level());
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (i < a.size()) {
      ring::add(basis, a.part(i), b.part(i), a.part(i));
    } else {
      a.add_part(b.part(i).clone());
    }
  }
}

Ciphertext Evaluator::subtract(const Ciphertext& a, const Ciphertext& b) const {
  Ciphertext difference = a.clone();
  subtract_inplace(difference, b);
  return difference;
}

void Evaluator::subtract_inplace(Ciphertext& a, const Ciphertext& b) const {
  check_parameters(*context_, a.parameter_id(), "subtract");
  check_same_level(a.info(), b.info(), "subtract");
  check_same_scale(a.scale(), b.scale(), "subtract");
  const ring::RnsBasis basis = context_->basis(a.level());
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (i < a.size()) {
      ring::subtract(basis, a.part(i), b.part(i), a.part(i));
    } else {
      Poly part = b.part(i).clone();
      ring::negate(basis, part, part);
      a.add_part(std::move(part));
    }
  }
}

void Evaluator::negate(Ciphertext& a) const {
  check_parameters(*context_, a.parameter_id(), "negate");
  for (std::size_t i = 0; i < a.size(); ++i) {
    ring::negate(context_->basis(a.level()), a.part(i), a.part(i));
  }
}

void Evaluator::add_plain(Ciphertext& a, const Plaintext& b) const {
  check_parameters(*context_, a.parameter_id(), "add_plain");
  check_plaintext(a.info(), b, "add_plain");
  check_same_scale(a.scale(), b.scale, "add_plain");
  ring::add(context_->basis(a.level()), a.part(0), b.poly, a.part(0));
}

void Evaluator::multiply_plain(Ciphertext& a, const Plaintext& b) const {
  check_parameters(*context_, a.parameter_id(), "multiply_plain");
  check_plaintext(a.info(), b, "multiply_plain");
  for (std::size_t i = 0; i < a.size(); ++i) {
    ring::multiply(context_->basis(a.level()), a.part(i), b.poly, a.part(i));
  }
  a.set_info(a.level(), a.scale() * b.scale);
}

void Evaluator::add_scalar(Ciphertext& a, double value) const {
  check_parameters(*context_, a.parameter_id(), "add_scalar");
  const double integer = std::nearbyint(value * a.scale().value);
  base::require(std::isfinite(integer), base::ErrorCode::kInvalidArgument,
                "add_scalar: the value is not finite");
  ring::add_constant(
      context_->basis(a.level()), a.part(0),
      [&](const arith::Modulus& q) { return integer_residue(integer, q); }, a.part(0));
}

void Evaluator::multiply_scalar(Ciphertext& a, double value, Scale target) const {
  check_parameters(*context_, a.parameter_id(), "multiply_scalar");
  const double factor = std::nearbyint(value * target.value / a.scale().value);
  base::require(std::isfinite(factor) && target.value > 0, base::ErrorCode::kInvalidArgument,
                "multiply_scalar: value or target scale is out of range");
  for (std::size_t i = 0; i < a.size(); ++i) {
    ring::multiply_scalar(
        context_->basis(a.level()), a.part(i),
        [&](const arith::Modulus& q) { return integer_residue(factor, q); }, a.part(i));
  }
  a.set_info(a.level(), target);
}

void Evaluator::multiply_integer(Ciphertext& a, std::int64_t value) const {
  check_parameters(*context_, a.parameter_id(), "multiply_integer");
  for (std::size_t i = 0; i < a.size(); ++i) {
    ring::multiply_scalar(
        context_->basis(a.level()), a.part(i),
        [&](const arith::Modulus& q) { return arith::reduce_signed(value, q); }, a.part(i));
  }
}

void Evaluator::multiply_integer_add(Ciphertext& a, const Ciphertext& b, std::int64_t value) const {
  check_parameters(*context_, a.parameter_id(), "multiply_integer_add");
  check_same_level(a.info(), b.info(), "multiply_integer_add");
  check_same_scale(a.scale(), b.scale(), "multiply_integer_add");
  const ring::RnsBasis basis = context_->basis(a.level());
  while (a.size() < b.size()) a.add_part(Poly::zeroed(basis.n(), basis.size()));
  for (std::size_t i = 0; i < b.size(); ++i) {
    ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t limb) {
      const arith::Modulus& q = basis.modulus(limb);
      kernels::kernels().multiply_scalar_add(
          q, b.part(i).limb(limb), arith::reduce_signed(value, q), a.part(i).limb(limb), basis.n());
    });
  }
}

}  // namespace serdab::ckks
