#include "engine/ring/automorphism.h"

#include <string>

#include "engine/base/error.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"

namespace serdab::ring {
namespace {

std::uint64_t reverse_bits(std::uint64_t value, unsigned bits) {
  std::uint64_t reversed = 0;
  for (unsigned i = 0; i < bits; ++i) reversed |= (value >> i & 1) << (bits - 1 - i);
  return reversed;
}

/// The power of an odd base modulo a power of two.
std::uint64_t power(std::uint64_t base, std::uint64_t exponent, std::uint64_t modulus) {
  std::uint64_t result = 1;
  for (; exponent > 0; exponent >>= 1, base = base * base % modulus) {
    if (exponent & 1) result = result * base % modulus;
  }
  return result;
}

}  // namespace

std::uint64_t exponent_modulus(base::RingKind kind, unsigned log_n) {
  return std::uint64_t{kind == base::RingKind::kStandard ? 2u : 4u} << log_n;
}

base::GaloisElement rotation_element(base::RingKind kind, unsigned log_n, long steps) {
  const std::uint64_t modulus = exponent_modulus(kind, log_n);
  // The order of 3 is a quarter of the modulus: the number of slots.
  const long slots = static_cast<long>(modulus / 4);
  const long reduced = ((steps % slots) + slots) % slots;
  return {power(3, static_cast<std::uint64_t>(reduced), modulus)};
}

base::GaloisElement conjugation_element(unsigned log_n) {
  return {exponent_modulus(base::RingKind::kStandard, log_n) - 1};
}

base::GaloisElement inverse_element(base::RingKind kind, unsigned log_n, base::GaloisElement g) {
  const std::uint64_t modulus = exponent_modulus(kind, log_n);
  return {power(g.value, modulus / 4 - 1, modulus)};  // the exponent of the group divides modulus/4
}

Automorphism::Automorphism(base::RingKind kind, unsigned log_n, base::GaloisElement g)
    : element_(g), index_(std::size_t{1} << log_n) {
  const std::uint64_t modulus = exponent_modulus(kind, log_n);
  if (g.value % 2 == 0 || g.value >= modulus) {
    base::fail(base::ErrorCode::kInvalidArgument, "Galois element " + std::to_string(g.value) +
                                                      " is not odd and below " +
                                                      std::to_string(modulus));
  }
  const bool standard = kind == base::RingKind::kStandard;
  for (std::uint64_t i = 0; i < index_.size(); ++i) {
    std::uint64_t exponent = (standard ? 2 * i + 1 : 4 * i + 1) * g.value % modulus;
    if (!standard && exponent % 4 == 3) exponent = modulus - exponent;
    const std::uint64_t source = standard ? exponent / 2 : exponent / 4;
    index_[reverse_bits(i, log_n)] = static_cast<std::uint32_t>(reverse_bits(source, log_n));
  }
}

void Automorphism::apply(const RnsBasis& basis, const RnsPoly<Ntt>& a, RnsPoly<Ntt>& out) const {
  SERDAB_ASSERT(&a != &out && basis.n() == index_.size());
  for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    kernels::kernels().permute(index(), a.limb(i), out.limb(i), basis.n());
  });
}

}  // namespace serdab::ring
