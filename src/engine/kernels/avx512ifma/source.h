#pragma once

#include "engine/kernels/avx512ifma/residues.h"

/// How the first pass of a transform reads its input: as values below 2^52.
namespace serdab::kernels::avx512ifma {

template <typename V>
struct FromWords {
  typename V::Vec operator()(const std::uint64_t* a) const { return V::load(a); }
};

/// Residues of the prime p, centred. With h = floor(p/2), (x − h − 1) mod p is the centred value
/// plus p − 1 − h; to that a multiple of q is added that makes up for the offset, and the sum is
/// below p + q < 2^51.
template <typename V>
struct FromPrime {
  using Vec = typename V::Vec;
  Vec above, modulus, shift;

  FromPrime(const Modulus& p, std::uint64_t q)
      : above(V::set1(p.value() / 2 + 1)), modulus(V::set1(p.value())) {
    const std::uint64_t offset = p.value() - 1 - p.value() / 2;
    shift = V::set1((offset + q - 1) / q * q - offset);
  }
  Vec operator()(const std::uint64_t* a) const {
    const Vec moved = V::sub(V::load(a), above);
    return V::add(V::min(moved, V::add(moved, modulus)), shift);
  }
};

}  // namespace serdab::kernels::avx512ifma
