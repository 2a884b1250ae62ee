#include "engine/ckks/switching_key.h"

#include <string>

#include "engine/base/error.h"
#include "engine/ckks/checks.h"
#include "engine/ring/sample.h"

namespace serdab::ckks {
namespace {

void check_shape(const Context& context, const SwitchingKeyInfo& info,
                 const std::vector<Poly>& half) {
  check_parameters(context, info.parameter_id, "evaluation key");
  check_level(context, info.level, "evaluation key");
  const std::size_t digits = context.parameters().digits(info.level);
  if (digits == 0 || half.size() != digits) {
    base::fail(base::ErrorCode::kMismatch,
               "evaluation key has " + std::to_string(half.size()) + " digits, its level " +
                   std::to_string(info.level.value) + " needs " + std::to_string(digits));
  }
  for (const Poly& poly : half) {
    base::require(poly.n() == context.n() && poly.limbs() == context.basis_qp(info.level).size(),
                  base::ErrorCode::kMismatch, "evaluation key: a polynomial has the wrong size");
  }
}

std::vector<ring::PackedPoly> packed(const Context& context, const SwitchingKeyInfo& info,
                                     std::vector<Poly>&& half) {
  check_shape(context, info, half);
  std::vector<ring::PackedPoly> result;
  for (Poly& poly : half) {
    result.emplace_back(context.basis_qp(info.level), poly);
    poly = Poly();
  }
  return result;
}

std::vector<ring::PackedPoly> expand(const Context& context, const SeededSwitchingKey& seeded) {
  check_shape(context, seeded.info, seeded.b);
  const ring::RnsBasis basis = context.basis_qp(seeded.info.level);
  std::vector<ring::PackedPoly> a;
  for (std::size_t digit = 0; digit < seeded.b.size(); ++digit) {
    a.emplace_back(basis, ring::uniform(basis, seeded.seed, digit));
  }
  return a;
}

}  // namespace

SwitchingKey::SwitchingKey(const Context& context, SeededSwitchingKey&& seeded)
    : info_(seeded.info), a_(expand(context, seeded)) {
  b_ = packed(context, info_, std::move(seeded.b));
}

SwitchingKey::SwitchingKey(const Context& context, const SwitchingKeyInfo& info,
                           std::vector<Poly>&& b, std::vector<Poly>&& a)
    : info_(info),
      b_(packed(context, info, std::move(b))),
      a_(packed(context, info, std::move(a))) {}

void SwitchingKey::apply(const ring::Automorphism& automorphism) {
  for (std::vector<ring::PackedPoly>* half : {&b_, &a_}) {
    for (ring::PackedPoly& poly : *half) poly.apply(automorphism);
  }
}

RelinearisationKey::RelinearisationKey(SwitchingKey&& key) : key_(std::move(key)) {
  base::require(key_.info().element.value == 0, base::ErrorCode::kMismatch,
                "relinearisation key: this is a Galois key");
}

GaloisKey::GaloisKey(const Context& context, SwitchingKey&& key)
    : key_(std::move(key)),
      automorphism_(context.parameters().ring(), context.parameters().log_n(), key_.info().element),
      moved_(context.digit_form() == Representative::kCentred) {
  if (!moved_) return;
  const base::RingKind ring = context.parameters().ring();
  const unsigned log_n = context.parameters().log_n();
  key_.apply(
      ring::Automorphism(ring, log_n, ring::inverse_element(ring, log_n, key_.info().element)));
}

void GaloisKeys::add(GaloisKey&& key) {
  const GaloisElement element = key.element();
  keys_.insert_or_assign(element, std::move(key));
}

const GaloisKey& GaloisKeys::at(GaloisElement element) const {
  const auto found = keys_.find(element);
  if (found == keys_.end()) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "no Galois key for element " + std::to_string(element.value));
  }
  return found->second;
}

}  // namespace serdab::ckks
