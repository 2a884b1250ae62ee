#include <algorithm>
#include <string>

#include "engine/base/error.h"
#include "engine/ckks/checks.h"
#include "engine/ckks/evaluator.h"
#include "engine/ring/divide.h"

namespace serdab::ckks {

void Evaluator::rescale(Ciphertext& a, std::size_t primes) const {
  check_parameters(*context_, a.parameter_id(), "rescale");
  check_rescale(a.info(), primes);
  while (primes > 0) {
    const std::size_t count = std::min(primes, Context::kMaxDrop);
    const ring::RnsBasis basis = context_->basis(a.level());
    const ring::BaseConverter& converter = context_->rescale_converter(a.level(), count);
    const CiphertextInfo rescaled = rescaled_info(*context_, a.info(), count);
    std::vector<Poly*> parts;
    for (std::size_t i = 0; i < a.size(); ++i) parts.push_back(&a.part(i));
    ring::divide_by_last(basis, converter, parts);
    a.set_info(rescaled.level, rescaled.scale);
    primes -= count;
  }
}

void Evaluator::mod_drop(Ciphertext& a, Level level) const {
  check_parameters(*context_, a.parameter_id(), "mod_drop");
  if (level > a.level()) {
    base::fail(base::ErrorCode::kInvalidArgument, "mod_drop: to level " +
                                                      std::to_string(level.value) + " from level " +
                                                      std::to_string(a.level().value));
  }
  a.set_info(level, a.scale());
}

}  // namespace serdab::ckks
