#include "engine/arith/crt.h"

#include <cmath>

#include "engine/base/assert.h"
#include "engine/base/error.h"

namespace serdab::arith {
namespace {

/// Mixed-radix digits of floor(Q/2), least significant first. All primes are odd, so
/// floor(Q/2) = Σ ((q_i − 1)/2)·∏_{j<i} q_j.
std::vector<std::uint64_t> digits_of_half(std::span<const Modulus> basis) {
  std::vector<std::uint64_t> digits;
  for (const Modulus& q : basis) digits.push_back((q.value() - 1) / 2);
  return digits;
}

bool greater(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  for (std::size_t i = a.size(); i-- > 0;) {
    if (a[i] != b[i]) return a[i] > b[i];
  }
  return false;
}

}  // namespace

Crt::Crt(std::span<const Modulus> basis)
    : basis_(basis.begin(), basis.end()), half_digits_(digits_of_half(basis)) {
  base::require(!basis.empty(), base::ErrorCode::kInvalidArgument, "CRT over an empty basis");
  for (std::size_t i = 0; i < basis_.size(); ++i) {
    log2_product_ += std::log2(static_cast<double>(basis_[i].value()));
    std::vector<ShoupFactor> row;
    for (std::size_t j = 0; j < i; ++j) {
      base::require(basis_[j] != basis_[i], base::ErrorCode::kInvalidArgument,
                    "CRT basis repeats a prime");
      row.emplace_back(inverse_mod(basis_[j].value(), basis_[i]), basis_[i]);
    }
    inverse_.push_back(std::move(row));
  }
}

double Crt::to_centred_double(std::span<const std::uint64_t> residues) const {
  SERDAB_ASSERT(residues.size() == size());
  // Garner: x = d_0 + q_0 (d_1 + q_1 (d_2 + …)), 0 <= d_i < q_i.
  std::vector<std::uint64_t> digits(size());
  for (std::size_t i = 0; i < size(); ++i) {
    const Modulus& q = basis_[i];
    SERDAB_ASSERT(residues[i] < q.value());
    std::uint64_t digit = residues[i];
    for (std::size_t j = 0; j < i; ++j) {
      const std::uint64_t difference = sub_mod(digit, reduce(digits[j], q), q);
      digit = mul_mod(difference, inverse_[i][j], q.value());
    }
    digits[i] = digit;
  }
  // A value above Q/2 stands for x − Q. Its opposite Q − x − has no leading digits that cancel:
  // with Q − 1 = Σ (q_i − 1)·∏_{j<i} q_j the digits of Q − 1 − x are q_i − 1 − d_i.
  const bool negative = greater(digits, half_digits_);
  if (negative) {
    for (std::size_t i = 0; i < size(); ++i) digits[i] = basis_[i].value() - 1 - digits[i];
    for (std::size_t i = 0; i < size(); ++i) {  // + 1, with carry
      if (++digits[i] < basis_[i].value()) break;
      digits[i] = 0;
    }
  }
  long double sum = 0;
  for (std::size_t i = size(); i-- > 0;) {
    sum = sum * static_cast<long double>(basis_[i].value()) + static_cast<long double>(digits[i]);
  }
  return static_cast<double>(negative ? -sum : sum);
}

}  // namespace serdab::arith
