#include "engine/ckks/context.h"

#include <algorithm>

#include "engine/base/assert.h"

namespace serdab::ckks {

Context::Context(const Parameters& parameters, Representative digit_form)
    : parameters_(parameters),
      digit_form_(digit_form),
      ring_(parameters.ring(), parameters.log_n(), parameters.q(), parameters.p()),
      rescale_(parameters.q().size()),
      mod_down_(parameters.q().size()) {
  for (unsigned value = 0; value <= max_level().value; ++value) {
    const Level level{value};
    for (std::size_t count = 1; count <= std::min<std::size_t>(kMaxDrop, value); ++count) {
      rescale_[value].emplace_back(ring_, basis(level).last(count));
    }
  }
  if (!parameters.p().empty()) prepare_key_switching();
}

void Context::prepare_key_switching() {
  const std::size_t q_count = ring_.q_count(), p_count = ring_.p_count();
  for (unsigned value = 0; value <= max_level().value; ++value) {
    const ring::RnsBasis basis = basis_qp({value});
    for (std::size_t count = 0; count <= std::min<std::size_t>(kMaxDrop, value); ++count) {
      mod_down_[value].emplace_back(ring_, basis.last(count + p_count));
    }
  }
  const std::size_t alpha = parameters_.digit_primes();
  for (std::size_t begin = 0; begin < q_count; begin += alpha) {
    auto& converters = digits_.emplace_back();
    std::vector<std::size_t> sources;
    for (std::size_t i = begin; i < std::min(begin + alpha, q_count); ++i) {
      sources.push_back(i);
      converters.emplace_back(ring_, sources);
    }
  }
  for (std::size_t i = 0; i < q_count; ++i) {
    const arith::Modulus& q = ring_.modulus(i);
    std::uint64_t product = 1;
    for (const std::uint64_t p : parameters_.p()) {
      product = arith::mul_mod(product, arith::reduce(p, q), q);
    }
    p_residues_.push_back(product);
  }
}

const ring::BaseConverter& Context::rescale_converter(Level level, std::size_t count) const {
  SERDAB_ASSERT(count >= 1 && count <= std::min<std::size_t>(kMaxDrop, level.value));
  return rescale_[level.value][count - 1];
}

const ring::BaseConverter& Context::mod_down_converter(Level level, std::size_t count) const {
  SERDAB_ASSERT(count <= std::min<std::size_t>(kMaxDrop, level.value));
  return mod_down_[level.value][count];
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
