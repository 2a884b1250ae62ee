#include "engine/ring/packed_poly.h"

#include <algorithm>

#include "engine/kernels/kernels.h"

namespace serdab::ring {
namespace {

bool fits_short(const RnsBasis& basis, std::size_t i) {
  return basis.modulus(i).bits() <= kernels::kShortBits;
}

void shorten(const std::uint64_t* from, std::uint32_t* to, std::size_t n) {
  for (std::size_t c = 0; c < n; ++c) to[c] = static_cast<std::uint32_t>(from[c]);
}

}  // namespace

PackedPoly::PackedPoly(const RnsBasis& basis) : PackedPoly(basis, basis.n()) {}

PackedPoly::PackedPoly(const RnsBasis& basis, std::size_t n) : limbs_(basis.size()), n_(n) {
  for (std::size_t i = 0; i < basis.size(); ++i) {
    if (fits_short(basis, i)) {
      limbs_[i].short_words = base::Buffer<std::uint32_t>(n_);
    } else {
      limbs_[i].words = base::Buffer<std::uint64_t>(n_);
    }
  }
}

PackedPoly::PackedPoly(const RnsBasis& basis, const RnsPoly<Ntt>& poly)
    : PackedPoly(basis, poly.n()) {
  SERDAB_ASSERT(poly.secrecy() == base::Secrecy::kPublic && poly.limbs() >= basis.size());
  for (std::size_t i = 0; i < basis.size(); ++i) set_limb(i, poly.limb(i));
}

void PackedPoly::set_limb(std::size_t i, const std::uint64_t* words) {
  if (is_short(i)) {
    shorten(words, limbs_[i].short_words.data(), n_);
  } else if (words != limb(i)) {
    std::copy_n(words, n_, limb(i));
  }
}

RnsPoly<Ntt> PackedPoly::unpacked() const {
  RnsPoly<Ntt> poly(n_, limbs());
  for (std::size_t i = 0; i < limbs(); ++i) {
    if (is_short(i)) {
      std::copy_n(short_limb(i), n_, poly.limb(i));
    } else {
      std::copy_n(limb(i), n_, poly.limb(i));
    }
  }
  return poly;
}

void PackedPoly::apply(const Automorphism& automorphism) {
  base::Buffer<std::uint64_t> from(n_), to(n_);
  for (Limb& limb : limbs_) {
    const bool is_short = limb.words.empty();
    if (is_short) std::copy_n(limb.short_words.data(), n_, from.data());
    kernels::kernels().permute(automorphism.moves(), is_short ? from.data() : limb.words.data(),
                               to.data(), n_);
    if (is_short) {
      shorten(to.data(), limb.short_words.data(), n_);
    } else {
      std::swap(limb.words, to);
    }
  }
}

std::size_t PackedPoly::bytes(const RnsBasis& basis) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < basis.size(); ++i) {
    bytes += basis.n() * (fits_short(basis, i) ? sizeof(std::uint32_t) : sizeof(std::uint64_t));
  }
  return bytes;
}

}  // namespace serdab::ring
