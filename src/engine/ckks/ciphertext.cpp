#include "engine/ckks/ciphertext.h"

#include "engine/base/assert.h"
#include "engine/ring/sample.h"

namespace serdab::ckks {

CiphertextInfo rescaled_info(const Context& context, const CiphertextInfo& info,
                             std::size_t primes) {
  SERDAB_ASSERT(primes <= info.level.value);
  CiphertextInfo result = info;
  for (; primes > 0; --primes, --result.level.value) {
    result.scale = base::rescaled(result.scale, context.parameters().q()[result.level.value]);
  }
  return result;
}

Ciphertext::Ciphertext(const Context& context, const CiphertextInfo& info, std::size_t count)
    : info_(info) {
  for (std::size_t i = 0; i < count; ++i) parts_.emplace_back(context.n(), info.level.primes());
}

Ciphertext::Ciphertext(const CiphertextInfo& info, std::vector<Poly>&& parts)
    : info_(info), parts_(std::move(parts)) {
  for ([[maybe_unused]] const Poly& part : parts_) SERDAB_ASSERT(part.limbs() == level().primes());
}

Ciphertext Ciphertext::clone() const {
  Ciphertext copy;
  copy.info_ = info_;
  for (const Poly& part : parts_) copy.parts_.push_back(part.clone());
  return copy;
}

void Ciphertext::set_info(Level level, Scale scale) {
  SERDAB_ASSERT(level <= info_.level);
  info_.level = level;
  info_.scale = scale;
  for (Poly& part : parts_) part.keep_limbs(level.primes());
}

Ciphertext SeededCiphertext::expand(const Context& context) && {
  std::vector<Poly> parts;
  parts.push_back(std::move(c0));
  parts.push_back(ring::uniform(context.basis(info.level), seed, 0));
  return Ciphertext(info, std::move(parts));
}

}  // namespace serdab::ckks
