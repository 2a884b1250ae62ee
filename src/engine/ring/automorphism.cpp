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

// Position rev(i) holds the value at exponent 2i + 1, or 4i + 1 in the other ring, where g and −g
// do the same: there g = 1 mod 4 is taken. Then position rev(i) takes its value from rev(g·i + c).
// With i = low + (n/8)·high, high has the three lowest bits of the position, in reverse.
Automorphism::Automorphism(base::RingKind kind, unsigned log_n, base::GaloisElement g)
    : element_(g), blocks_((std::size_t{1} << log_n) / 8), lanes_(8) {
  SERDAB_ASSERT(log_n >= 4);
  const std::uint64_t modulus = exponent_modulus(kind, log_n);
  if (g.value % 2 == 0 || g.value >= modulus) {
    base::fail(base::ErrorCode::kInvalidArgument, "Galois element " + std::to_string(g.value) +
                                                      " is not odd and below " +
                                                      std::to_string(modulus));
  }
  const std::uint64_t step = kind == base::RingKind::kStandard ? 2 : 4;
  const std::uint64_t factor = g.value % step == 3 ? modulus - g.value : g.value;
  const std::uint64_t shift = factor / step, blocks = blocks_.size();
  for (std::uint64_t low = 0; low < blocks; ++low) {
    const std::uint64_t source = factor * low + shift;
    const std::uint64_t pattern = source / blocks % 8;
    blocks_[reverse_bits(low, log_n - 3)] =
        static_cast<std::uint32_t>(8 * reverse_bits(source % blocks, log_n - 3) + pattern);
  }
  for (std::uint64_t pattern = 0; pattern < 8; ++pattern) {
    for (std::uint64_t high = 0; high < 8; ++high) {
      const std::uint64_t source = (factor * high + pattern) % 8;
      lanes_[pattern][reverse_bits(high, 3)] = reverse_bits(source, 3);
    }
  }
}

void Automorphism::apply(const RnsBasis& basis, const RnsPoly<Ntt>& a, RnsPoly<Ntt>& out) const {
  SERDAB_ASSERT(&a != &out && basis.n() == 8 * blocks_.size());
  for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    kernels::kernels().permute(moves(), a.limb(i), out.limb(i), basis.n());
  });
}

}  // namespace serdab::ring
