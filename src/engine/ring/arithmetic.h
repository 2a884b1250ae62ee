#pragma once

#include <cstdint>
#include <functional>

#include "engine/ring/ring.h"
#include "engine/ring/rns_poly.h"

/// Element-wise arithmetic over all limbs of a basis. Polynomials have at least basis.size() limbs,
/// laid out as the basis says; the outcome has its first basis.size() limbs written. `out` may be
/// an operand. Sums act on both domains; products are of values, so on Ntt only.
namespace serdab::ring {

template <typename Domain>
void add(const RnsBasis& basis, const RnsPoly<Domain>& a, const RnsPoly<Domain>& b,
         RnsPoly<Domain>& out);
template <typename Domain>
void subtract(const RnsBasis& basis, const RnsPoly<Domain>& a, const RnsPoly<Domain>& b,
              RnsPoly<Domain>& out);
template <typename Domain>
void negate(const RnsBasis& basis, const RnsPoly<Domain>& a, RnsPoly<Domain>& out);

void multiply(const RnsBasis& basis, const RnsPoly<Ntt>& a, const RnsPoly<Ntt>& b,
              RnsPoly<Ntt>& out);
/// out += a·b
void multiply_add(const RnsBasis& basis, const RnsPoly<Ntt>& a, const RnsPoly<Ntt>& b,
                  RnsPoly<Ntt>& out);

/// A residue of some integer for every prime.
using Residues = std::function<std::uint64_t(const Modulus&)>;
/// out = a·w
template <typename Domain>
void multiply_scalar(const RnsBasis& basis, const RnsPoly<Domain>& a, const Residues& w,
                     RnsPoly<Domain>& out);
/// out = a + w for the constant polynomial w.
void add_constant(const RnsBasis& basis, const RnsPoly<Ntt>& a, const Residues& w,
                  RnsPoly<Ntt>& out);

/// True when the first basis.size() limbs are equal.
template <typename Domain>
bool equal(const RnsBasis& basis, const RnsPoly<Domain>& a, const RnsPoly<Domain>& b);

}  // namespace serdab::ring
