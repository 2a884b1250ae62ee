#include <cstring>

#include "engine/kernels/avx2/doubles.h"
#include "engine/kernels/avx2/elementwise.h"
#include "engine/kernels/avx2/fold.h"
#include "engine/kernels/avx2/ntt.h"
#include "engine/kernels/avx2/ntt_plan.h"
#include "engine/kernels/avx2/transpose.h"
#include "engine/kernels/scalar/ntt.h"

// Layers are taken two at a time, four vectors in registers, depth first once a block is larger
// than half of L1. Values stay doubles from the first pass to the last.
namespace serdab::kernels::avx2 {
namespace {

/// Blocks up to this many values (16 KiB) are finished layer by layer.
constexpr std::size_t kCacheBlock = std::size_t{1} << 11;

struct Forward {
  Prime p;
  const double* w;
  ForwardPlan plan;
};

template <bool kWords>
Vec load(const std::uint64_t* place) {
  return kWords ? load_words(place) : load_doubles(place);
}

/// (a0, a1) -> (a0 + w·a1, a0 − w·a1)
inline void butterfly(Vec& a0, Vec& a1, const Factor& w, const Prime& p) {
  const Vec y = product(a1, w, p);
  a1 = _mm256_sub_pd(a0, y);
  a0 = _mm256_add_pd(a0, y);
}

struct Factors {
  Factor w1, w2, w3;
};
inline Factors block_factors(const Forward& f, std::size_t place) {
  return {make_factor(set1(f.w[place]), f.p), make_factor(set1(f.w[2 * place]), f.p),
          make_factor(set1(f.w[2 * place + 1]), f.p)};
}

/// Two layers of two independent quadruples, interleaved: one alone is a chain of some 34 cycles,
/// and too few of them fit the processor's scheduler to keep its units busy.
template <bool kCentre>
inline void two_layers(Vec (&a)[4], Vec (&b)[4], const Factors& wa, const Factors& wb,
                       const Prime& p) {
  if (kCentre) {
    a[0] = centre(a[0], p);
    a[1] = centre(a[1], p);
    b[0] = centre(b[0], p);
    b[1] = centre(b[1], p);
  }
  butterfly(a[0], a[2], wa.w1, p);
  butterfly(a[1], a[3], wa.w1, p);
  butterfly(b[0], b[2], wb.w1, p);
  butterfly(b[1], b[3], wb.w1, p);
  butterfly(a[0], a[1], wa.w2, p);
  butterfly(a[2], a[3], wa.w3, p);
  butterfly(b[0], b[1], wb.w2, p);
  butterfly(b[2], b[3], wb.w3, p);
}

/// The layer with one block of the whole size.
template <bool kWords>
void single_layer(const Forward& f, std::uint64_t* a, std::size_t n) {
  const Factor w = make_factor(set1(f.w[1]), f.p);
  for (std::size_t k = 0; k < n / 2; k += kLanes) {
    Vec a0 = load<kWords>(a + k);
    Vec a1 = load<kWords>(a + n / 2 + k);
    butterfly(a0, a1, w, f.p);
    store_doubles(a + k, a0);
    store_doubles(a + n / 2 + k, a1);
  }
}

template <bool kWords>
inline void load4(Vec (&x)[4], const std::uint64_t* a, std::size_t t) {
  for (std::size_t j = 0; j < 4; ++j) x[j] = load<kWords>(a + j * t);
}
inline void store4(std::uint64_t* a, std::size_t t, const Vec (&x)[4]) {
  for (std::size_t j = 0; j < 4; ++j) store_doubles(a + j * t, x[j]);
}

/// `count` blocks of the layer with m blocks, from block i, and their blocks of the next layer.
template <bool kWords, bool kCentre>
void blocks(const Forward& f, std::uint64_t* a, std::size_t size, std::size_t m, std::size_t i,
            std::size_t count) {
  const std::size_t t = size / 4;
  const Prime p = f.p;
  Vec x[4], y[4];
  if (t == kLanes) {
    for (std::size_t b = 0; b < count; b += 2, a += 2 * size) {
      const Factors w = block_factors(f, m + i + b);
      const Factors v = block_factors(f, m + i + b + 1);
      load4<kWords>(x, a, t);
      load4<kWords>(y, a + size, t);
      two_layers<kCentre>(x, y, w, v, p);
      store4(a, t, x);
      store4(a + size, t, y);
    }
    return;
  }
  for (std::size_t b = 0; b < count; ++b, a += size) {
    const Factors w = block_factors(f, m + i + b);
    for (std::size_t k = 0; k < t; k += 2 * kLanes) {
      load4<kWords>(x, a + k, t);
      load4<kWords>(y, a + k + kLanes, t);
      two_layers<kCentre>(x, y, w, w, p);
      store4(a + k, t, x);
      store4(a + k + kLanes, t, y);
    }
  }
}

void pass(const Forward& f, std::uint64_t* a, std::size_t size, std::size_t m, std::size_t i,
          std::size_t count, int depth) {
  if (f.plan.pass[depth].centre) {
    blocks<false, true>(f, a, size, m, i, count);
  } else {
    blocks<false, false>(f, a, size, m, i, count);
  }
}

/// Factors of four blocks of four values from block `place` of the tree.
inline Factors leaf_factors(const Forward& f, std::size_t place) {
  return {make_factor(_mm256_loadu_pd(f.w + place), f.p),
          make_factor(_mm256_loadu_pd(f.w + 2 * place), f.p),
          make_factor(_mm256_loadu_pd(f.w + 2 * place + 4), f.p)};
}

/// The last two layers, twice four blocks of four values at once, and the canonical words.
template <bool kCentre>
void last_layers(const Forward& f, std::uint64_t* a, std::size_t m, std::size_t i,
                 std::size_t count) {
  const Prime p = f.p;
  Vec x[4], y[4];
  for (std::size_t b = 0; b < count; b += 8, a += 32) {
    load_transposed(x, a);
    load_transposed(y, a + 16);
    two_layers<kCentre>(x, y, leaf_factors(f, m + i + b), leaf_factors(f, m + i + b + 4), p);
    transpose(x);
    transpose(y);
    for (std::size_t j = 0; j < 4; ++j) store_canonical(a + 4 * j, x[j], p);
    for (std::size_t j = 0; j < 4; ++j) store_canonical(a + 16 + 4 * j, y[j], p);
  }
}

/// All layers from block i of the layer with m blocks down.
void tree(const Forward& f, std::uint64_t* a, std::size_t size, std::size_t m, std::size_t i,
          int depth) {
  if (size > kCacheBlock) {
    pass(f, a, size, m, i, 1, depth);
    for (std::size_t j = 0; j < 4; ++j)
      tree(f, a + j * size / 4, size / 4, 4 * m, 4 * i + j, depth + 1);
    return;
  }
  std::size_t count = 1;
  for (; size > 4; size /= 4, count *= 4, ++depth)
    pass(f, a, size, m * count, i * count, count, depth);
  if (f.plan.pass[depth].centre) {
    last_layers<true>(f, a, m * count, i * count, count);
  } else {
    last_layers<false>(f, a, m * count, i * count, count);
  }
}

void forward(const NttTables& tables, std::uint64_t* a) {
  const auto q = static_cast<double>(tables.modulus().value());
  const std::size_t n = tables.n();
  const bool fold_first = tables.ring() == base::RingKind::kConjugateInvariant;
  const bool odd = tables.log_n() % 2 != 0;
  const Bounds bounds(q);
  double first = fold_first ? 1 + bounds.product(1) : 1;
  if (odd) first += bounds.product(first);
  const Forward f{make_prime(tables.modulus()), tables.forward_doubles(),
                  plan_forward(q, first, static_cast<int>(tables.log_n()) / 2)};
  if (fold_first) fold(tables, f.p, a);
  if (odd) {
    if (fold_first) {
      single_layer<false>(f, a, n);
    } else {
      single_layer<true>(f, a, n);
    }
    tree(f, a, n / 2, 2, 0, 0);
    tree(f, a + n / 2, n / 2, 2, 1, 0);
    return;
  }
  if (fold_first) {
    tree(f, a, n, 1, 0, 0);
    return;
  }
  SERDAB_ASSERT(!f.plan.pass[0].centre);  // never for canonical words
  blocks<true, false>(f, a, n, 1, 0, 1);
  for (std::size_t j = 0; j < 4; ++j) tree(f, a + j * n / 4, n / 4, 4, j, 1);
}

}  // namespace

void ntt_forward(const NttTables& tables, std::span<const NttJob> jobs) {
  if (tables.log_n() < kMinLogN) return scalar::ntt_forward(tables, jobs);
  const arith::Modulus& q = tables.modulus();
  const std::size_t n = tables.n();
  NttWork work(jobs, n);
  for (const NttJob& job : jobs) {
    std::uint64_t* a = work.of(job);
    if (job.source != nullptr) {
      reduce_centred(*job.source, q, job.in, a, n);
    } else if (job.in != a) {
      std::memcpy(a, job.in, n * sizeof(std::uint64_t));
    }
    forward(tables, a);
    if (job.minuend != nullptr) {
      subtract_multiply_scalar(q, job.minuend, a, job.factor, job.out, n);
    }
  }
}

}  // namespace serdab::kernels::avx2
