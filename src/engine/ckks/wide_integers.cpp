#include "engine/ckks/wide_integers.h"

#include "engine/arith/modulus.h"
#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/ring/transform.h"

namespace serdab::ckks {
namespace {

constexpr double kMaxBits = 126;
constexpr std::size_t kPiece = 1024;

// Mixed-radix digits of one residue vector, summed: x in [0, Q).
class Garner {
 public:
  explicit Garner(const ring::RnsBasis& basis) : basis_(basis), inverses_(basis.size()) {
    modulus_ = 1;
    for (std::size_t i = 0; i < basis.size(); ++i) {
      const arith::Modulus& q = basis.modulus(i);
      std::uint64_t product = 1;
      for (std::size_t j = 0; j < i; ++j) {
        product = arith::mul_mod(product, basis.modulus(j).value() % q.value(), q);
      }
      inverses_[i] = arith::pow_mod(product, q.value() - 2, q);
      radix_.push_back(modulus_);
      modulus_ *= static_cast<WideInteger>(q.value());
    }
  }

  WideInteger centred(const ring::RnsPoly<ring::Coeff>& residues, std::size_t at) const {
    WideInteger x = 0;
    for (std::size_t i = 0; i < basis_.size(); ++i) {
      const arith::Modulus& q = basis_.modulus(i);
      const auto have = static_cast<std::uint64_t>(x % static_cast<WideInteger>(q.value()));
      const std::uint64_t residue = residues.limb(i)[at];
      const std::uint64_t missing = residue >= have ? residue - have : residue + q.value() - have;
      x += radix_[i] * static_cast<WideInteger>(arith::mul_mod(missing, inverses_[i], q));
    }
    return x > modulus_ / 2 ? x - modulus_ : x;
  }

 private:
  const ring::RnsBasis& basis_;
  std::vector<std::uint64_t> inverses_;  ///< of the product of the primes before, modulo each
  std::vector<WideInteger> radix_;
  WideInteger modulus_;
};

}  // namespace

std::vector<WideInteger> centred_coefficients(const Context& context, const Plaintext& plaintext) {
  if (context.parameters().log_q(plaintext.level) > kMaxBits) {
    base::fail(base::ErrorCode::kLimit, "a plaintext has more bits than exact integers hold here");
  }
  const ring::RnsBasis basis = context.basis(plaintext.level);
  const ring::RnsPoly<ring::Coeff> residues = ring::to_coeff(plaintext.poly.clone(), basis);
  const Garner garner(basis);
  std::vector<WideInteger> coefficients(context.n());
  base::parallel_for((coefficients.size() + kPiece - 1) / kPiece, [&](std::size_t piece) {
    const std::size_t end = std::min(coefficients.size(), (piece + 1) * kPiece);
    for (std::size_t k = piece * kPiece; k < end; ++k)
      coefficients[k] = garner.centred(residues, k);
  });
  return coefficients;
}

Plaintext from_wide_coefficients(const Context& context, std::span<const WideInteger> coefficients,
                                 Level level, Scale scale) {
  const ring::RnsBasis basis = context.basis(level);
  ring::RnsPoly<ring::Coeff> residues(context.n(), basis.size());
  base::parallel_for(basis.size(), [&](std::size_t i) {
    const auto q = static_cast<WideInteger>(basis.modulus(i).value());
    for (std::size_t k = 0; k < coefficients.size(); ++k) {
      const WideInteger r = coefficients[k] % q;
      residues.limb(i)[k] = static_cast<std::uint64_t>(r < 0 ? r + q : r);
    }
  });
  return {ring::to_ntt(std::move(residues), basis), level, scale, context.parameters().id()};
}

}  // namespace serdab::ckks
