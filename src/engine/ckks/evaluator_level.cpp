#include <algorithm>
#include <string>

#include "engine/base/error.h"
#include "engine/ckks/checks.h"
#include "engine/ckks/evaluator.h"
#include "engine/ring/divide.h"

namespace serdab::ckks {

void Evaluator::rescale(Ciphertext& a, std::size_t primes) const {
  check_parameters(*context_, a.parameter_id(), "rescale");
  if (primes > a.level().value) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "rescale: " + std::to_string(primes) + " primes at level " +
                   std::to_string(a.level().value) + ", where at most " +
                   std::to_string(a.level().value) + " can be dropped");
  }
  while (primes > 0) {
    const std::size_t count = std::min(primes, Context::kMaxDrop);
    const ring::RnsBasis basis = context_->basis(a.level());
    const ring::BaseConverter& converter = context_->rescale_converter(a.level(), count);
    for (std::size_t i = 0; i < a.size(); ++i) ring::divide_by_last(basis, converter, a.part(i));
    Scale scale = a.scale();
    for (std::size_t i = 0; i < count; ++i) {
      scale = base::rescaled(scale, basis.modulus(basis.size() - 1 - i).value());
    }
    a.set_info({static_cast<unsigned>(a.level().value - count)}, scale);
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
