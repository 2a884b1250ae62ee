#include "engine/ring/ring.h"

#include "engine/base/assert.h"
#include "engine/base/threads.h"

namespace serdab::ring {

Ring::Ring(base::RingKind kind, unsigned log_n, std::span<const std::uint64_t> q,
           std::span<const std::uint64_t> p)
    : kind_(kind), log_n_(log_n), q_count_(q.size()), tables_(q.size() + p.size()) {
  base::parallel_for(tables_.size(), [&](std::size_t i) {
    const Modulus modulus(i < q.size() ? q[i] : p[i - q.size()]);
    tables_[i] = std::make_unique<NttTables>(modulus, kind, log_n);
  });
  inverses_.assign(prime_count() * prime_count(), 0);
  for (std::size_t a = 0; a < prime_count(); ++a) {
    for (std::size_t b = 0; b < prime_count(); ++b) {
      if (a == b) continue;
      const std::uint64_t residue = arith::reduce(modulus(a).value(), modulus(b));
      inverses_[a * prime_count() + b] = arith::inverse_mod(residue, modulus(b));
    }
  }
}

Ring::Ring(const Ring& whole, unsigned log_repeats)
    : kind_(whole.kind_),
      log_n_(whole.log_n_ - log_repeats),
      q_count_(whole.q_count_),
      tables_(whole.tables_.size()),
      inverses_(whole.inverses_) {
  base::parallel_for(tables_.size(), [&](std::size_t i) {
    tables_[i] = std::make_unique<NttTables>(*whole.tables_[i], log_repeats);
  });
}

RnsBasis Ring::basis(base::Level level) const {
  SERDAB_ASSERT(level.primes() <= q_count());
  return {*this, level.primes(), 0};
}

RnsBasis Ring::basis_qp(base::Level level) const {
  SERDAB_ASSERT(level.primes() <= q_count());
  return {*this, level.primes(), p_count()};
}

}  // namespace serdab::ring
