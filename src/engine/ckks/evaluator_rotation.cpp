#include "engine/base/error.h"
#include "engine/ckks/checks.h"
#include "engine/ckks/evaluator.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/arithmetic.h"
#include "engine/ring/limbs.h"

namespace serdab::ckks {
namespace {

void check_rotation(const Context& context, const Ciphertext& a, const GaloisKey& key) {
  check_parts(context, a, 2, "rotate");
  const SwitchingKeyInfo& info = key.switching_key().info();
  check_key(a.info(), info.parameter_id, info.key_id, info.level, "rotate");
}

void check_hoisted(const Context& context, const Ciphertext& a, const Decomposition& part1,
                   const GaloisKey& key) {
  check_rotation(context, a, key);
  base::require(part1.level == a.level(), base::ErrorCode::kMismatch,
                "rotate: the decomposition is of another level than the ciphertext");
  base::require(key.is_moved(), base::ErrorCode::kUnsupported,
                "rotate: hoisting needs centred digits; this context computes SEAL's");
}

void check_lifted(const CiphertextInfo& a, const LiftedPlaintext& b) {
  base::require(a.parameter_id == b.parameter_id && a.level == b.level, base::ErrorCode::kMismatch,
                "multiply_plain: the lifted plaintext is of another level or other parameters");
}

/// X → X^g on both.
Ciphertext move(const Context& context, const CiphertextInfo& info, const GaloisKey& key,
                const SwitchedPair& pair) {
  const ring::RnsBasis basis = context.basis(info.level);
  std::vector<Poly> parts;
  for (const Poly* part : {&pair.b, &pair.a}) {
    parts.emplace_back(basis.n(), basis.size());
    key.automorphism().apply(basis, *part, parts.back());
  }
  return Ciphertext(info, std::move(parts));
}

/// SEAL's digits are not symmetric about 0, so that its bits need the polynomial moved first.
Ciphertext apply_galois_as_seal(const Context& context, const Ciphertext& a, const GaloisKey& key) {
  const ring::RnsBasis basis = context.basis(a.level());
  Poly part0(basis.n(), basis.size()), part1(basis.n(), basis.size());
  key.automorphism().apply(basis, a.part(0), part0);
  key.automorphism().apply(basis, a.part(1), part1);
  SwitchedPair pair = switch_key(context, part1, a.level(), key.switching_key(), {&part0, nullptr});
  return to_ciphertext(a.info(), std::move(pair));
}

GaloisElement rotation_of(const Context& context, long steps) {
  return ring::rotation_element(context.parameters().ring(), context.parameters().log_n(), steps);
}

}  // namespace

Ciphertext Evaluator::apply_galois(const Ciphertext& a, const GaloisKey& key) const {
  check_rotation(*context_, a, key);
  if (!key.is_moved()) return apply_galois_as_seal(*context_, a, key);
  return move(
      *context_, a.info(), key,
      switch_key(*context_, a.part(1), a.level(), key.switching_key(), {&a.part(0), nullptr}));
}

Ciphertext Evaluator::rotate(const Ciphertext& a, long steps, const GaloisKeys& keys) const {
  const GaloisElement element = rotation_of(*context_, steps);
  return element.value == 1 ? a.clone() : apply_galois(a, keys.at(element));
}

Ciphertext Evaluator::conjugate(const Ciphertext& a, const GaloisKeys& keys) const {
  if (context_->parameters().ring() == base::RingKind::kConjugateInvariant) return a.clone();
  return apply_galois(a, keys.at(ring::conjugation_element(context_->parameters().log_n())));
}

Ciphertext Evaluator::apply_galois_hoisted(const Ciphertext& a, const Decomposition& part1,
                                           const GaloisKey& key) const {
  check_hoisted(*context_, a, part1, key);
  SwitchedPair pair = inner_product(*context_, part1, key.switching_key(), {&a.part(0), nullptr});
  mod_down(*context_, a.level(), pair);
  return move(*context_, a.info(), key, pair);
}

LiftedCiphertext Evaluator::apply_galois_lifted(const Ciphertext& a, const Decomposition& part1,
                                                const GaloisKey& key) const {
  const GaloisKey* const only = &key;
  return std::move(apply_galois_lifted(a, part1, {&only, 1}).front());
}

std::vector<LiftedCiphertext> Evaluator::apply_galois_lifted(
    const Ciphertext& a, const Decomposition& part1, std::span<const GaloisKey* const> keys) const {
  for (const GaloisKey* key : keys) check_hoisted(*context_, a, part1, *key);
  std::vector<LiftedCiphertext> rotated;
  for (SwitchedPair& pair : inner_products_moved(*context_, part1, keys, {&a.part(0), nullptr})) {
    rotated.push_back({a.info(), std::move(pair)});
  }
  return rotated;
}

void Evaluator::add_inplace(LiftedCiphertext& a, const LiftedCiphertext& b) const {
  check_same_level(a.info, b.info, "add");
  check_same_scale(a.info.scale, b.info.scale, "add");
  const ring::RnsBasis basis = context_->basis_qp(a.info.level);
  ring::add(basis, a.pair.b, b.pair.b, a.pair.b);
  ring::add(basis, a.pair.a, b.pair.a, a.pair.a);
}

LiftedCiphertext Evaluator::multiply_plain(const LiftedCiphertext& a,
                                           const LiftedPlaintext& b) const {
  check_lifted(a.info, b);
  const ring::RnsBasis basis = context_->basis_qp(a.info.level);
  LiftedCiphertext product{a.info, {Poly(basis.n(), basis.size()), Poly(basis.n(), basis.size())}};
  product.info.scale = a.info.scale * b.scale;
  ring::multiply(basis, a.pair.b, b.poly, product.pair.b);
  ring::multiply(basis, a.pair.a, b.poly, product.pair.a);
  return product;
}

void Evaluator::multiply_plain_add(LiftedCiphertext& sum, const LiftedCiphertext& a,
                                   const LiftedPlaintext& b) const {
  check_lifted(a.info, b);
  check_same_level(sum.info, a.info, "multiply_plain_add");
  check_same_scale(sum.info.scale, a.info.scale * b.scale, "multiply_plain_add");
  const ring::RnsBasis basis = context_->basis_qp(a.info.level);
  ring::multiply_add(basis, a.pair.b, b.poly, sum.pair.b);
  ring::multiply_add(basis, a.pair.a, b.poly, sum.pair.a);
}

Ciphertext Evaluator::lower(LiftedCiphertext&& a, std::size_t primes) const {
  if (primes > 0) check_rescale(a.info, primes);
  base::require(primes <= Context::kMaxDrop, base::ErrorCode::kInvalidArgument,
                "lower: too many primes at once; use rescale afterwards");
  const CiphertextInfo info = primes > 0 ? rescaled_info(*context_, a.info, primes) : a.info;
  mod_down(*context_, a.info.level, a.pair, primes);
  return to_ciphertext(info, std::move(a.pair));
}

std::vector<Ciphertext> Evaluator::rotate_hoisted(const Ciphertext& a, std::span<const long> steps,
                                                  const GaloisKeys& keys) const {
  check_parts(*context_, a, 2, "rotate");
  const Decomposition part1 = mod_up(*context_, a.part(1), a.level());
  std::vector<Ciphertext> rotated;
  for (const long step : steps) {
    const GaloisElement element = rotation_of(*context_, step);
    rotated.push_back(element.value == 1 ? a.clone()
                                         : apply_galois_hoisted(a, part1, keys.at(element)));
  }
  return rotated;
}

}  // namespace serdab::ckks
