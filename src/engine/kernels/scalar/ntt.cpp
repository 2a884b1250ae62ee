#include "engine/kernels/scalar/ntt.h"

#include <cstring>

#include "engine/base/assert.h"
#include "engine/kernels/scalar/elementwise.h"

namespace serdab::kernels::scalar {
namespace {

using arith::Modulus;

/// a·w mod q for a below 2^52, with ratio = floor(w·2^52/q).
std::uint64_t multiply(std::uint64_t a, std::uint64_t w, std::uint64_t ratio, std::uint64_t q) {
  const auto k = static_cast<std::uint64_t>(arith::wide_product(a, ratio) >> 52);
  const std::uint64_t r = a * w - k * q - q;
  return r + (q & (std::uint64_t{0} - (r >> 63)));
}

/// c_0 = a_0, c_i = a_i − I·a_{N−i}: X^-i = −I·X^{N−i} modulo X^N − I.
void fold(const NttTables& tables, std::uint64_t* a) {
  const Modulus& q = tables.modulus();
  const std::size_t n = tables.n();
  for (std::size_t i = 1; i <= n / 2; ++i) {
    const std::uint64_t low = a[i];
    const std::uint64_t high = a[n - i];
    a[i] = sub_mod(low, mul_mod(high, tables.imaginary(), q.value()), q);
    a[n - i] = sub_mod(high, mul_mod(low, tables.imaginary(), q.value()), q);
  }
}

/// a_0 = c_0, a_i = (c_i + I·c_{N−i})/2.
void unfold(const NttTables& tables, std::uint64_t* c) {
  const Modulus& q = tables.modulus();
  const std::size_t n = tables.n();
  for (std::size_t i = 1; i <= n / 2; ++i) {
    const std::uint64_t low = c[i];
    const std::uint64_t high = c[n - i];
    const std::uint64_t sum_low = add_mod(low, mul_mod(high, tables.imaginary(), q.value()), q);
    const std::uint64_t sum_high = add_mod(high, mul_mod(low, tables.imaginary(), q.value()), q);
    c[i] = mul_mod(sum_low, tables.half(), q.value());
    c[n - i] = mul_mod(sum_high, tables.half(), q.value());
  }
}

// Cooley–Tukey from the root of the tree: block i of the layer with m blocks reduces modulo
// X^2t − w² to residues modulo X^t − w and X^t + w (Harvey 2014, without lazy residues).
void forward(const NttTables& tables, std::uint64_t* a) {
  const Modulus& q = tables.modulus();
  const std::size_t n = tables.n();
  if (tables.ring() == base::RingKind::kConjugateInvariant) fold(tables, a);
  for (std::size_t m = 1, t = n / 2; m < n; m *= 2, t /= 2) {
    for (std::size_t i = 0; i < m; ++i) {
      const std::uint64_t w = tables.forward()[m + i], ratio = tables.forward_ratio()[m + i];
      std::uint64_t* low = a + 2 * i * t;
      std::uint64_t* high = low + t;
      for (std::size_t k = 0; k < t; ++k) {
        SERDAB_ASSERT(low[k] < q.value() && high[k] < q.value());
        const std::uint64_t x = low[k];
        const std::uint64_t y = multiply(high[k], w, ratio, q.value());
        low[k] = add_mod(x, y, q);
        high[k] = sub_mod(x, y, q);
      }
    }
  }
}

void inverse(const NttTables& tables, std::uint64_t* a) {
  const Modulus& q = tables.modulus();
  const std::size_t n = tables.n();
  for (std::size_t m = n / 2, t = 1; m >= 1; m /= 2, t *= 2) {
    for (std::size_t i = 0; i < m; ++i) {
      const std::uint64_t w = tables.inverse()[m + i], ratio = tables.inverse_ratio()[m + i];
      std::uint64_t* low = a + 2 * i * t;
      std::uint64_t* high = low + t;
      for (std::size_t k = 0; k < t; ++k) {
        SERDAB_ASSERT(low[k] < q.value() && high[k] < q.value());
        const std::uint64_t x = low[k];
        const std::uint64_t y = high[k];
        low[k] = add_mod(x, y, q);
        high[k] = multiply(sub_mod(x, y, q), w, ratio, q.value());
      }
    }
  }
  for (std::size_t k = 0; k < n; ++k) a[k] = mul_mod(a[k], tables.inverse_n(), q.value());
  if (tables.ring() == base::RingKind::kConjugateInvariant) unfold(tables, a);
}

void copy(const std::uint64_t* in, std::uint64_t* out, std::size_t n) {
  if (in != out) std::memcpy(out, in, n * sizeof(std::uint64_t));
}

}  // namespace

void ntt_forward(const NttTables& tables, std::span<const NttJob> jobs) {
  const Modulus& q = tables.modulus();
  const std::size_t n = tables.n();
  NttWork work(jobs, n);
  for (const NttJob& job : jobs) {
    std::uint64_t* a = work.of(job);
    if (job.source != nullptr) {
      reduce_centred(*job.source, q, job.in, a, n);
    } else {
      copy(job.in, a, n);
    }
    forward(tables, a);
    if (job.minuend != nullptr) {
      subtract_multiply_scalar(q, job.minuend, a, job.factor, job.out, n);
    }
  }
}

void ntt_inverse(const NttTables& tables, std::span<const NttJob> jobs) {
  for (const NttJob& job : jobs) {
    copy(job.in, job.out, tables.n());
    inverse(tables, job.out);
  }
}

}  // namespace serdab::kernels::scalar
