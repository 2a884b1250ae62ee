#include "engine/kernels/avx2/elementwise.h"

#include "engine/kernels/avx2/doubles.h"
#include "engine/kernels/avx2/integers.h"

// Bounds: with a, b in [0, q) the quotient a·b/q is below q < 2^50, so product(a, b) lies in
// ±(1/2 + 2^-2)·q; store_wrapped() makes it canonical. Sums of two products or with a residue stay
// below 2^52 and take store_canonical().
namespace serdab::kernels::avx2 {
namespace {

/// Calls body(i) for every vector of n values; n is a multiple of 16, four vectors.
template <typename Body>
inline void for_vectors(std::size_t n, const Body& body) {
  SERDAB_ASSERT(n % 16 == 0);
  for (std::size_t i = 0; i < n; i += 2 * kLanes) {
    body(i);
    body(i + kLanes);
  }
}

}  // namespace

void add(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n) {
  const __m256i prime = _mm256_set1_epi64x(static_cast<std::int64_t>(q.value()));
  for_vectors(n, [&](std::size_t i) {
    const __m256i b_minus_q = _mm256_sub_epi64(load_integers(b + i), prime);
    store_integers(out + i,
                   wrap_integers(_mm256_add_epi64(load_integers(a + i), b_minus_q), prime));
  });
}

void subtract(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n) {
  const __m256i prime = _mm256_set1_epi64x(static_cast<std::int64_t>(q.value()));
  for_vectors(n, [&](std::size_t i) {
    const __m256i difference = _mm256_sub_epi64(load_integers(a + i), load_integers(b + i));
    store_integers(out + i, wrap_integers(difference, prime));
  });
}

void negate(const Modulus& q, Words a, WordsOut out, std::size_t n) {
  const __m256i prime = _mm256_set1_epi64x(static_cast<std::int64_t>(q.value()));
  for_vectors(n, [&](std::size_t i) {
    const __m256i negative = _mm256_sub_epi64(_mm256_setzero_si256(), load_integers(a + i));
    store_integers(out + i, wrap_integers(negative, prime));
  });
}

void add_scalar(const Modulus& q, Words a, std::uint64_t w, WordsOut out, std::size_t n) {
  SERDAB_ASSERT(w < q.value());
  const __m256i prime = _mm256_set1_epi64x(static_cast<std::int64_t>(q.value()));
  const __m256i summand = _mm256_set1_epi64x(static_cast<std::int64_t>(w - q.value()));
  for_vectors(n, [&](std::size_t i) {
    store_integers(out + i, wrap_integers(_mm256_add_epi64(load_integers(a + i), summand), prime));
  });
}

void multiply(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n) {
  const Prime p = make_prime(q);
  for_vectors(n, [&](std::size_t i) {
    store_wrapped(out + i, product(load_words(a + i), load_words(b + i), p), p.q);
  });
}

void multiply_add(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n) {
  const Prime p = make_prime(q);
  for_vectors(n, [&](std::size_t i) {
    const Vec sum =
        _mm256_add_pd(load_words(out + i), product(load_words(a + i), load_words(b + i), p));
    store_canonical(out + i, sum, p);
  });
}

void tensor(const Modulus& q, Words a0, Words a1, Words b0, Words b1, WordsOut out0, WordsOut out1,
            WordsOut out2, std::size_t n) {
  const Prime p = make_prime(q);
  for_vectors(n, [&](std::size_t i) {
    const Vec x0 = load_words(a0 + i);
    const Vec x1 = load_words(a1 + i);
    const Vec y0 = load_words(b0 + i);
    const Vec y1 = load_words(b1 + i);
    store_wrapped(out0 + i, product(x0, y0, p), p.q);
    store_canonical(out1 + i, _mm256_add_pd(product(x0, y1, p), product(x1, y0, p)), p);
    store_wrapped(out2 + i, product(x1, y1, p), p.q);
  });
}

void tensor_square(const Modulus& q, Words a0, Words a1, WordsOut out0, WordsOut out1,
                   WordsOut out2, std::size_t n) {
  const Prime p = make_prime(q);
  for_vectors(n, [&](std::size_t i) {
    const Vec x0 = load_words(a0 + i);
    const Vec x1 = load_words(a1 + i);
    const Vec cross = product(x0, x1, p);
    store_wrapped(out0 + i, product(x0, x0, p), p.q);
    store_canonical(out1 + i, _mm256_add_pd(cross, cross), p);
    store_wrapped(out2 + i, product(x1, x1, p), p.q);
  });
}

void multiply_scalar(const Modulus& q, Words a, std::uint64_t w, WordsOut out, std::size_t n) {
  SERDAB_ASSERT(w < q.value());
  const Prime p = make_prime(q);
  const Factor factor = make_factor(set1_centred(w, q), p);
  for_vectors(n, [&](std::size_t i) {
    store_wrapped(out + i, product(load_words(a + i), factor, p), p.q);
  });
}

void multiply_scalar_add(const Modulus& q, Words a, std::uint64_t w, WordsOut out, std::size_t n) {
  SERDAB_ASSERT(w < q.value());
  const Prime p = make_prime(q);
  const Factor factor = make_factor(set1_centred(w, q), p);
  for_vectors(n, [&](std::size_t i) {
    const Vec sum = _mm256_add_pd(load_words(out + i), product(load_words(a + i), factor, p));
    store_canonical(out + i, sum, p);
  });
}

void reduce(const Modulus& q, Words a, WordsOut out, std::size_t n) {
  const Prime p = make_prime(q);
  for_vectors(n, [&](std::size_t i) { store_canonical(out + i, load_words(a + i), p); });
}

}  // namespace serdab::kernels::avx2
