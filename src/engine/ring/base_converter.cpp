#include "engine/ring/base_converter.h"

#include <array>

#include "engine/base/assert.h"
#include "engine/base/buffer.h"
#include "engine/kernels/kernels.h"

namespace serdab::ring {

namespace {
constexpr std::size_t kMaxSources = 64;
}

BaseConverter::BaseConverter(const Ring& ring, std::vector<std::size_t> sources)
    : ring_(&ring), sources_(std::move(sources)) {
  SERDAB_ASSERT(count() >= 1 && count() <= kMaxSources);
  for (std::size_t target = 0; target < ring.prime_count(); ++target) {
    const Modulus& q = ring.modulus(target);
    std::uint64_t product = 1, inverse = 1;
    for (const std::size_t i : sources_) {
      factors_.push_back(product);
      product = arith::mul_mod(product, arith::reduce(ring.modulus(i).value(), q), q);
      inverse = arith::mul_mod(inverse, ring.inverse(i, target), q);
    }
    // M is odd: floor(M/2) = (M − 1)/2, and 1/2 = (q + 1)/2.
    const std::uint64_t half = (q.value() + 1) / 2;
    half_product_.push_back(arith::mul_mod(arith::sub_mod(product, 1, q), half, q));
    inverse_product_.push_back(inverse);
  }
}

void BaseConverter::to_digits(std::uint64_t* residues, Representative form) const {
  if (count() == 1) return;
  const auto& k = kernels::kernels();
  const std::size_t n = ring_->n();
  base::Buffer<std::uint64_t> reduced(n);
  for (std::size_t i = 0; i < count(); ++i) {
    const Modulus& q = ring_->modulus(sources_[i]);
    std::uint64_t* x = residues + i * n;
    if (form == Representative::kCentred) k.add_scalar(q, x, half_product_[sources_[i]], x, n);
    for (std::size_t j = 0; j < i; ++j) {
      k.reduce(q, residues + j * n, reduced.data(), n);
      k.subtract_multiply_scalar(q, x, reduced.data(), ring_->inverse(sources_[j], sources_[i]), x,
                                 n);
    }
  }
}

void BaseConverter::convert(const std::uint64_t* digits, std::size_t target, Representative form,
                            std::uint64_t* out) const {
  const auto& k = kernels::kernels();
  const Modulus& q = ring_->modulus(target);
  const std::size_t n = ring_->n();
  if (count() == 1) {
    if (form == Representative::kPositive) {
      k.reduce(q, digits, out, n);
    } else {
      k.reduce_centred(ring_->modulus(sources_[0]), q, digits, out, n);
    }
    return;
  }
  std::array<const std::uint64_t*, kMaxSources> in;
  for (std::size_t i = 0; i < count(); ++i) in[i] = digits + i * n;
  k.base_convert(q, count(), in.data(), factors_.data() + target * count(), out, n);
  if (form == Representative::kCentred) {
    k.add_scalar(q, out, arith::negate_mod(half_product_[target], q), out, n);
  }
}

}  // namespace serdab::ring
