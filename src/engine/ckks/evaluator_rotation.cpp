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

/// (σ(c0) + b, a).
Ciphertext assemble(const Context& context, const Ciphertext& a, const GaloisKey& key,
                    SwitchedPair&& pair) {
  const ring::RnsBasis basis = context.basis(a.level());
  Poly rotated(basis.n(), basis.size());
  key.automorphism().apply(basis, a.part(0), rotated);
  ring::add(basis, rotated, pair.b, rotated);
  std::vector<Poly> parts;
  parts.push_back(std::move(rotated));
  parts.push_back(std::move(pair.a));
  return Ciphertext(a.info(), std::move(parts));
}

GaloisElement rotation_of(const Context& context, long steps) {
  return ring::rotation_element(context.parameters().ring(), context.parameters().log_n(), steps);
}

}  // namespace

Ciphertext Evaluator::apply_galois(const Ciphertext& a, const GaloisKey& key) const {
  check_rotation(*context_, a, key);
  const ring::RnsBasis basis = context_->basis(a.level());
  Poly rotated(basis.n(), basis.size());
  key.automorphism().apply(basis, a.part(1), rotated);
  return assemble(*context_, a, key,
                  switch_key(*context_, rotated, a.level(), key.switching_key()));
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
  check_rotation(*context_, a, key);
  base::require(part1.level == a.level(), base::ErrorCode::kMismatch,
                "rotate: the decomposition is of another level than the ciphertext");
  SwitchedPair pair = inner_product_rotated(*context_, part1, key);
  mod_down(*context_, a.level(), pair.b);
  mod_down(*context_, a.level(), pair.a);
  return assemble(*context_, a, key, std::move(pair));
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
