#pragma once

// Ciphertexts as one number, for tests that every instruction set gives the same bits.

#include "engine/ckks_secret/internal/test_bench.h"

namespace serdab::circuits {

/// Coefficients that no libm has touched.
inline std::vector<double> sawtooth(std::size_t n) {
  std::vector<double> coefficients(n);
  for (std::size_t i = 0; i < n; ++i) {
    coefficients[i] = (static_cast<double>(i % 97) - 48) * 0x1p30;
  }
  return coefficients;
}

inline std::uint64_t hash_of(const ckks::Ciphertext& x) {
  std::uint64_t hash = 0;
  for (std::size_t part = 0; part < x.size(); ++part) {
    for (std::size_t limb = 0; limb < x.level().primes(); ++limb) {
      for (std::size_t i = 0; i < x.part(part).n(); ++i) {
        hash = (hash ^ x.part(part).limb(limb)[i]) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
      }
    }
  }
  return hash;
}

}  // namespace serdab::circuits
