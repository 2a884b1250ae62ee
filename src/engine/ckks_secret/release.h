#pragma once

#include <cstdint>

#include "engine/ckks_secret/decryptor.h"
#include "engine/sampling/prng.h"

namespace serdab::ckks_secret {

/// How many decryptions of one key may ever be shown to others, and how many were. The caller keeps
/// it with the key and stores it before the value leaves. Not thread-safe.
class ReleaseBudget {
 public:
  explicit ReleaseBudget(std::uint32_t allowed, std::uint32_t used = 0);
  std::uint32_t allowed() const { return allowed_; }
  std::uint32_t used() const { return used_; }
  /// Counts one release; throws base::Error(kLimit) when none is left.
  void spend();

 private:
  std::uint32_t allowed_, used_;
};

/// What the flooding must hide.
struct ReleaseTerms {
  /// Bound on the Euclidean norm of the ciphertext's error polynomial: from the compiled program's
  /// worst case, e.g. 8·sqrt(NoisePower). The guarantee is only as good as this bound.
  double noise_norm = 0;
  /// Bits of statistical security, s.
  unsigned statistical_bits = 30;
  /// Only coefficients at multiples of it are released, the others set to 0: for messages whose
  /// slots repeat with period slots/stride. noise_norm is then that of the released ones alone.
  std::size_t stride = 1;
};

/// The deviation per coefficient: sqrt(12·releases)·2^(s/2)·noise (Li, Micciancio, Schultz and
/// Sorrell, ePrint 2022/816, for IND-CPA-D, 2020/1533).
double flooding_deviation(const ReleaseTerms& terms, const ReleaseBudget& budget);

/// Decrypts and adds fresh Gaussian noise of that deviation, so that what is left may be shown to
/// anyone; spends one release first. Throws base::Error(kLimit) when the budget is spent or the
/// flooded message would reach Q/2. Slots lose about log2(sqrt(N/stride)·deviation) bits of the
/// scale.
ckks::Plaintext release(const Context& context, const Decryptor& decryptor,
                        const ckks::Ciphertext& ciphertext, const ReleaseTerms& terms,
                        ReleaseBudget& budget, sampling::Prng& prng);

}  // namespace serdab::ckks_secret
