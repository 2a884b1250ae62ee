#include "engine/kernels/avx2/doubles.h"
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
inline void butterfly(Vec& a0, Vec& a1, Vec w, const Prime& p) {
  const Vec y = product(a1, w, p);
  a1 = _mm256_sub_pd(a0, y);
  a0 = _mm256_add_pd(a0, y);
}

template <bool kCentre>
inline void two_layers(Vec& a0, Vec& a1, Vec& a2, Vec& a3, Vec w1, Vec w2, Vec w3, const Prime& p) {
  if (kCentre) {
    a0 = centre(a0, p);
    a1 = centre(a1, p);
  }
  butterfly(a0, a2, w1, p);
  butterfly(a1, a3, w1, p);
  butterfly(a0, a1, w2, p);
  butterfly(a2, a3, w3, p);
}

/// The layer with one block of the whole size.
template <bool kWords>
void single_layer(const Forward& f, std::uint64_t* a, std::size_t n) {
  const Vec w = set1(f.w[1]);
  for (std::size_t k = 0; k < n / 2; k += kLanes) {
    Vec a0 = load<kWords>(a + k);
    Vec a1 = load<kWords>(a + n / 2 + k);
    butterfly(a0, a1, w, f.p);
    store_doubles(a + k, a0);
    store_doubles(a + n / 2 + k, a1);
  }
}

/// Block i of the layer with m blocks, and its two blocks of the next layer.
template <bool kWords, bool kCentre>
inline void block(const Forward& f, std::uint64_t* a, std::size_t size, std::size_t m,
                  std::size_t i) {
  const std::size_t t = size / 4;
  const Vec w1 = set1(f.w[m + i]);
  const Vec w2 = set1(f.w[2 * (m + i)]);
  const Vec w3 = set1(f.w[2 * (m + i) + 1]);
  for (std::size_t k = 0; k < t; k += kLanes) {
    Vec a0 = load<kWords>(a + k);
    Vec a1 = load<kWords>(a + t + k);
    Vec a2 = load<kWords>(a + 2 * t + k);
    Vec a3 = load<kWords>(a + 3 * t + k);
    two_layers<kCentre>(a0, a1, a2, a3, w1, w2, w3, f.p);
    store_doubles(a + k, a0);
    store_doubles(a + t + k, a1);
    store_doubles(a + 2 * t + k, a2);
    store_doubles(a + 3 * t + k, a3);
  }
}

/// `count` blocks of the layer with m blocks, from block i.
template <bool kWords, bool kCentre>
void blocks(const Forward& f, std::uint64_t* a, std::size_t size, std::size_t m, std::size_t i,
            std::size_t count) {
  for (std::size_t b = 0; b < count; ++b) block<kWords, kCentre>(f, a + b * size, size, m, i + b);
}

void pass(const Forward& f, std::uint64_t* a, std::size_t size, std::size_t m, std::size_t i,
          std::size_t count, int depth) {
  if (f.plan.pass[depth].centre) {
    blocks<false, true>(f, a, size, m, i, count);
  } else {
    blocks<false, false>(f, a, size, m, i, count);
  }
}

/// The last two layers, four blocks of four values at once, and the canonical words.
template <bool kCentre>
void last_layers(const Forward& f, std::uint64_t* a, std::size_t m, std::size_t i,
                 std::size_t count) {
  for (std::size_t b = 0; b < count; b += 4, a += 16) {
    Vec a0 = load_doubles(a);
    Vec a1 = load_doubles(a + 4);
    Vec a2 = load_doubles(a + 8);
    Vec a3 = load_doubles(a + 12);
    transpose(a0, a1, a2, a3);
    const double* w = f.w + m + i + b;
    const double* pairs = f.w + 2 * (m + i + b);
    two_layers<kCentre>(a0, a1, a2, a3, _mm256_loadu_pd(w), _mm256_loadu_pd(pairs),
                        _mm256_loadu_pd(pairs + 4), f.p);
    transpose(a0, a1, a2, a3);
    store_words(a, canonical(a0, f.p));
    store_words(a + 4, canonical(a1, f.p));
    store_words(a + 8, canonical(a2, f.p));
    store_words(a + 12, canonical(a3, f.p));
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

}  // namespace

void ntt_forward(const NttTables& tables, std::uint64_t* a) {
  if (tables.log_n() < kMinLogN) return scalar::ntt_forward(tables, a);
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
  blocks<true, false>(f, a, n, 1, 0, 1);
  for (std::size_t j = 0; j < 4; ++j) tree(f, a + j * n / 4, n / 4, 4, j, 1);
}

}  // namespace serdab::kernels::avx2
