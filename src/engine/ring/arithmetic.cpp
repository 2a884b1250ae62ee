#include "engine/ring/arithmetic.h"

#include <cstring>

#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"

namespace serdab::ring {

using kernels::kernels;

template <typename Domain>
void add(const RnsBasis& basis, const RnsPoly<Domain>& a, const RnsPoly<Domain>& b,
         RnsPoly<Domain>& out) {
  for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    kernels().add(basis.modulus(i), a.limb(i), b.limb(i), out.limb(i), basis.n());
  });
}

template <typename Domain>
void subtract(const RnsBasis& basis, const RnsPoly<Domain>& a, const RnsPoly<Domain>& b,
              RnsPoly<Domain>& out) {
  for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    kernels().subtract(basis.modulus(i), a.limb(i), b.limb(i), out.limb(i), basis.n());
  });
}

template <typename Domain>
void negate(const RnsBasis& basis, const RnsPoly<Domain>& a, RnsPoly<Domain>& out) {
  for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    kernels().negate(basis.modulus(i), a.limb(i), out.limb(i), basis.n());
  });
}

void multiply(const RnsBasis& basis, const RnsPoly<Ntt>& a, const RnsPoly<Ntt>& b,
              RnsPoly<Ntt>& out) {
  for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    kernels().multiply(basis.modulus(i), a.limb(i), b.limb(i), out.limb(i), basis.n());
  });
}

void multiply_add(const RnsBasis& basis, const RnsPoly<Ntt>& a, const RnsPoly<Ntt>& b,
                  RnsPoly<Ntt>& out) {
  for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    kernels().multiply_add(basis.modulus(i), a.limb(i), b.limb(i), out.limb(i), basis.n());
  });
}

template <typename Domain>
void multiply_scalar(const RnsBasis& basis, const RnsPoly<Domain>& a, const Residues& w,
                     RnsPoly<Domain>& out) {
  for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    const Modulus& q = basis.modulus(i);
    kernels().multiply_scalar(q, a.limb(i), w(q), out.limb(i), basis.n());
  });
}

void add_constant(const RnsBasis& basis, const RnsPoly<Ntt>& a, const Residues& w,
                  RnsPoly<Ntt>& out) {
  for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    const Modulus& q = basis.modulus(i);
    kernels().add_scalar(q, a.limb(i), w(q), out.limb(i), basis.n());
  });
}

template <typename Domain>
bool equal(const RnsBasis& basis, const RnsPoly<Domain>& a, const RnsPoly<Domain>& b) {
  for (std::size_t i = 0; i < basis.size(); ++i) {
    if (std::memcmp(a.limb(i), b.limb(i), basis.n() * sizeof(std::uint64_t)) != 0) return false;
  }
  return true;
}

template void add(const RnsBasis&, const RnsPoly<Ntt>&, const RnsPoly<Ntt>&, RnsPoly<Ntt>&);
template void add(const RnsBasis&, const RnsPoly<Coeff>&, const RnsPoly<Coeff>&, RnsPoly<Coeff>&);
template void subtract(const RnsBasis&, const RnsPoly<Ntt>&, const RnsPoly<Ntt>&, RnsPoly<Ntt>&);
template void subtract(const RnsBasis&, const RnsPoly<Coeff>&, const RnsPoly<Coeff>&,
                       RnsPoly<Coeff>&);
template void negate(const RnsBasis&, const RnsPoly<Ntt>&, RnsPoly<Ntt>&);
template void negate(const RnsBasis&, const RnsPoly<Coeff>&, RnsPoly<Coeff>&);
template void multiply_scalar(const RnsBasis&, const RnsPoly<Ntt>&, const Residues&, RnsPoly<Ntt>&);
template void multiply_scalar(const RnsBasis&, const RnsPoly<Coeff>&, const Residues&,
                              RnsPoly<Coeff>&);
template bool equal(const RnsBasis&, const RnsPoly<Ntt>&, const RnsPoly<Ntt>&);
template bool equal(const RnsBasis&, const RnsPoly<Coeff>&, const RnsPoly<Coeff>&);

}  // namespace serdab::ring
