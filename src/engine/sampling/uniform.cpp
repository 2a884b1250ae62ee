#include "engine/sampling/uniform.h"

#include "engine/base/assert.h"
#include "engine/kernels/kernels.h"

namespace serdab::sampling {

void sample_uniform(Prng& prng, const arith::Modulus& q, std::span<std::uint64_t> out) {
  SERDAB_ASSERT(q.bits() < 64);
  std::size_t kept = 0;
  while (kept < out.size()) {
    // Words are expanded where the residues will stand, and kept ones moved forward over dropped
    // ones.
    const auto fresh = out.subspan(kept);
    prng.fill(fresh);
    kept += kernels::kernels().messages.keep_below(q, fresh.data(), fresh.size());
  }
}

}  // namespace serdab::sampling
