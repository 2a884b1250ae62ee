#include "engine/ring/divide.h"

#include <optional>
#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"

namespace serdab::ring {
namespace {

using kernels::NttJob;

/// The remainders of the divisions as coefficients: modulo the primes that are dropped and, when
/// those are several, modulo each that stays.
class Remainder {
 public:
  Remainder(const RnsBasis& basis, const BaseConverter& converter, const RnsPoly<Ntt>& poly)
      : basis_(basis), left_(basis.size() - converter.count()) {
    dropped_ = RnsPoly<Coeff>(basis.n(), converter.count(), poly.secrecy());
    for_each_limb(converter.count(), basis.n(), [&](std::size_t i) {
      kernels::kernels().ntt_inverse_one(basis.ntt(left_ + i), poly.limb(left_ + i),
                                         dropped_.limb(i));
    });
    if (converter.count() > 1) spread(converter, poly.secrecy());
  }

  /// Reads the remainder modulo the prime of limb i.
  void set_input(std::size_t i, NttJob& job) const {
    if (spread_.empty()) {
      job.in = dropped_.limb(0);
      job.source = &basis_.modulus(left_);
    } else {
      job.in = spread_.limb(i);
    }
  }

 private:
  void spread(const BaseConverter& converter, base::Secrecy secrecy) {
    spread_ = RnsPoly<Coeff>(basis_.n(), left_, secrecy);
    std::vector<const std::uint64_t*> residues;
    for (std::size_t i = 0; i < dropped_.limbs(); ++i) residues.push_back(dropped_.limb(i));
    std::vector<BaseConverter::Target> targets;
    for (std::size_t i = 0; i < left_; ++i) targets.push_back({basis_.prime(i), spread_.limb(i)});
    converter.convert(residues.data(), Representative::kCentred, targets);
  }

  RnsBasis basis_;
  std::size_t left_;
  RnsPoly<Coeff> dropped_, spread_;
};

}  // namespace

void divide_by_last(const RnsBasis& basis, const BaseConverter& converter,
                    std::span<RnsPoly<Ntt>* const> polys) {
  SERDAB_ASSERT(converter.count() < basis.size());
  SERDAB_ASSERT(basis.last(converter.count()) == converter.sources());
  const std::size_t left = basis.size() - converter.count();
  std::vector<std::optional<Remainder>> remainders(polys.size());
  for_each_limb(polys.size(), converter.count() * basis.n(), [&](std::size_t k) {
    SERDAB_ASSERT(polys[k]->limbs() == basis.size());
    remainders[k].emplace(basis, converter, *polys[k]);
  });
  for_each_limb(left, basis.n(), [&](std::size_t i) {
    std::vector<NttJob> jobs(polys.size());
    for (std::size_t k = 0; k < polys.size(); ++k) {
      remainders[k]->set_input(i, jobs[k]);
      jobs[k].out = polys[k]->limb(i);
      jobs[k].minuend = polys[k]->limb(i);
      jobs[k].factor = converter.inverse_product(basis.prime(i));
    }
    kernels::kernels().ntt_forward(basis.ntt(i), jobs);
  });
  for (RnsPoly<Ntt>* poly : polys) poly->keep_limbs(left);
}

}  // namespace serdab::ring
