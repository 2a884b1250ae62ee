#include "engine/ring/base_converter.h"

#include <algorithm>
#include <array>

#include "engine/base/assert.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"

namespace serdab::ring {

namespace {
constexpr std::size_t kMaxSources = 64;
constexpr std::size_t kChunk = 4096;  ///< columns of one thread's turn
}  // namespace

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
  for (const std::size_t i : sources_) {
    shifts_.push_back(half_product_[i]);
    for (const std::size_t j : sources_) inverses_.push_back(ring.inverse(j, i));
  }
}

void BaseConverter::convert(const std::uint64_t* const* residues, Representative form,
                            std::span<const Target> targets) const {
  const std::size_t n = ring_->n();
  const std::size_t chunk = std::min(n, kChunk);
  for_each_limb(n / chunk, chunk,
                [&](std::size_t i) { convert(residues, form, targets, i * chunk, chunk); });
}

void BaseConverter::convert(const std::uint64_t* const* residues, Representative form,
                            std::span<const Target> targets, std::size_t begin,
                            std::size_t columns) const {
  const bool centred = form == Representative::kCentred;
  std::array<const Modulus*, kMaxSources> moduli;
  std::array<const std::uint64_t*, kMaxSources> in;
  for (std::size_t i = 0; i < count(); ++i) {
    moduli[i] = &ring_->modulus(sources_[i]);
    in[i] = residues[i] + begin;
  }
  std::vector<kernels::BasisTarget> wanted;
  wanted.reserve(targets.size());
  for (const auto& [prime, out] : targets) {
    const Modulus& q = ring_->modulus(prime);
    wanted.push_back({&q, factors_.data() + prime * count(),
                      centred ? arith::negate_mod(half_product_[prime], q) : 0, out + begin});
  }
  kernels::kernels().change_basis(
      {count(), moduli.data(), in.data(), inverses_.data(), centred ? shifts_.data() : nullptr,
       wanted.size(), wanted.data()},
      columns);
}

}  // namespace serdab::ring
