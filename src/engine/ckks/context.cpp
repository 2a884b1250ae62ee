#include "engine/ckks/context.h"

#include <algorithm>

#include "engine/base/assert.h"

namespace serdab::ckks {

Context::Context(const Parameters& parameters, Representative digit_form)
    : parameters_(parameters),
      digit_form_(digit_form),
      ring_(parameters.ring(), parameters.log_n(), parameters.q(), parameters.p()),
      rescale_(parameters.q().size()) {
  const std::size_t q_count = parameters.q().size();
  for (std::size_t level = 0; level < q_count; ++level) {
    for (std::size_t count = 1; count <= std::min(kMaxDrop, level); ++count) {
      rescale_[level].emplace_back(ring_, level + 1 - count, count);
    }
  }
  if (parameters.p().empty()) return;
  p_converter_.emplace_back(ring_, q_count, parameters.p().size());
  const std::size_t alpha = parameters.digit_primes();
  for (std::size_t begin = 0; begin < q_count; begin += alpha) {
    auto& converters = digits_.emplace_back();
    for (std::size_t count = 1; count <= std::min(alpha, q_count - begin); ++count) {
      converters.emplace_back(ring_, begin, count);
    }
  }
}

const ring::BaseConverter& Context::rescale_converter(Level level, std::size_t count) const {
  SERDAB_ASSERT(count >= 1 && count <= std::min<std::size_t>(kMaxDrop, level.value));
  return rescale_[level.value][count - 1];
}

Context::Digit Context::digit(Level level, std::size_t digit) const {
  const std::size_t begin = digit * parameters_.digit_primes();
  SERDAB_ASSERT(begin < level.primes());
  return {begin, std::min<std::size_t>(parameters_.digit_primes(), level.primes() - begin)};
}

const ring::BaseConverter& Context::digit_converter(Level level, std::size_t digit) const {
  return digits_[digit][this->digit(level, digit).count - 1];
}

}  // namespace serdab::ckks
