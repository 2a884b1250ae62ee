#include "engine/sampling/uniform.h"

#include <algorithm>

#include "engine/base/assert.h"

namespace serdab::sampling {

void sample_uniform(Prng& prng, const arith::Modulus& q, std::span<std::uint64_t> out) {
  SERDAB_ASSERT(q.bits() < 64);
  const std::uint64_t mask = (std::uint64_t{1} << q.bits()) - 1;
  std::size_t kept = 0;
  while (kept < out.size()) {
    // Words are expanded where the residues will stand, and kept ones moved forward over dropped
    // ones.
    const auto fresh = out.subspan(kept);
    prng.fill(fresh);
    for (const std::uint64_t word : fresh) {
      const std::uint64_t value = word & mask;
      out[kept] = value;
      kept += value < q.value() ? 1 : 0;
    }
  }
}

}  // namespace serdab::sampling
