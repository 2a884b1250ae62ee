#include "engine/kernels/avx2/doubles.h"
#include "engine/kernels/avx2/fold.h"
#include "engine/kernels/avx2/ntt.h"
#include "engine/kernels/avx2/ntt_plan.h"
#include "engine/kernels/avx2/transpose.h"
#include "engine/kernels/scalar/ntt.h"

// The forward transform backwards: Gentleman–Sande butterflies, two layers at a time, depth first.
namespace serdab::kernels::avx2 {
namespace {

constexpr std::size_t kCacheBlock = std::size_t{1} << 11;

struct Inverse {
  Prime p;
  const double* w;
  InversePlan plan;
  Vec scale;        ///< 1/N
  Vec scale_times;  ///< w[1]/N
};

/// (a0, a1) -> (a0 + a1, w·(a0 − a1))
inline void butterfly(Vec& a0, Vec& a1, Vec w, const Prime& p) {
  const Vec difference = _mm256_sub_pd(a0, a1);
  a0 = _mm256_add_pd(a0, a1);
  a1 = product(difference, w, p);
}

template <int kCentre>
inline void two_layers(Vec& a0, Vec& a1, Vec& a2, Vec& a3, Vec w1, Vec w2, Vec w3, const Prime& p) {
  butterfly(a0, a1, w2, p);
  butterfly(a2, a3, w3, p);
  butterfly(a0, a2, w1, p);
  butterfly(a1, a3, w1, p);
  if (kCentre >= 1) a0 = centre(a0, p);
  if (kCentre >= 2) a1 = centre(a1, p);
}

template <int kCentre>
void blocks(const Inverse& f, std::uint64_t* a, std::size_t size, std::size_t m, std::size_t i,
            std::size_t count) {
  const std::size_t t = size / 4;
  for (std::size_t b = 0; b < count; ++b, ++i, a += size) {
    const Vec w1 = set1(f.w[m + i]);
    const Vec w2 = set1(f.w[2 * (m + i)]);
    const Vec w3 = set1(f.w[2 * (m + i) + 1]);
    for (std::size_t k = 0; k < t; k += kLanes) {
      Vec a0 = load_doubles(a + k);
      Vec a1 = load_doubles(a + t + k);
      Vec a2 = load_doubles(a + 2 * t + k);
      Vec a3 = load_doubles(a + 3 * t + k);
      two_layers<kCentre>(a0, a1, a2, a3, w1, w2, w3, f.p);
      store_doubles(a + k, a0);
      store_doubles(a + t + k, a1);
      store_doubles(a + 2 * t + k, a2);
      store_doubles(a + 3 * t + k, a3);
    }
  }
}

void pass(const Inverse& f, std::uint64_t* a, std::size_t size, std::size_t m, std::size_t i,
          std::size_t count, int depth) {
  switch (f.plan.pass[depth].centre) {
    case 0:
      return blocks<0>(f, a, size, m, i, count);
    case 1:
      return blocks<1>(f, a, size, m, i, count);
    default:
      return blocks<2>(f, a, size, m, i, count);
  }
}

/// Words to doubles and the two layers with the most blocks; four blocks of four values at once.
template <int kCentre>
void first_layers(const Inverse& f, std::uint64_t* a, std::size_t m, std::size_t i,
                  std::size_t count) {
  for (std::size_t b = 0; b < count; b += 4, a += 16) {
    Vec a0 = load_words(a);
    Vec a1 = load_words(a + 4);
    Vec a2 = load_words(a + 8);
    Vec a3 = load_words(a + 12);
    transpose(a0, a1, a2, a3);
    const double* w = f.w + m + i + b;
    const double* pairs = f.w + 2 * (m + i + b);
    two_layers<kCentre>(a0, a1, a2, a3, _mm256_loadu_pd(w), _mm256_loadu_pd(pairs),
                        _mm256_loadu_pd(pairs + 4), f.p);
    transpose(a0, a1, a2, a3);
    store_doubles(a, a0);
    store_doubles(a + 4, a1);
    store_doubles(a + 8, a2);
    store_doubles(a + 12, a3);
  }
}

/// Passes counted from the leaves: a block of 4^(d+1) values ends with pass d.
void tree(const Inverse& f, std::uint64_t* a, std::size_t size, std::size_t m, std::size_t i,
          int depth) {
  if (size > kCacheBlock) {
    for (std::size_t j = 0; j < 4; ++j)
      tree(f, a + j * size / 4, size / 4, 4 * m, 4 * i + j, depth - 1);
    pass(f, a, size, m, i, 1, depth);
    return;
  }
  std::size_t count = size / 4;
  switch (f.plan.pass[0].centre) {
    case 0:
      first_layers<0>(f, a, m * count, i * count, count);
      break;
    case 1:
      first_layers<1>(f, a, m * count, i * count, count);
      break;
    default:
      first_layers<2>(f, a, m * count, i * count, count);
      break;
  }
  std::size_t width = 16;
  count /= 4;
  for (int d = 1; d <= depth; ++d, width *= 4, count /= 4) {
    pass(f, a, width, m * count, i * count, count, d);
  }
}

/// The layer with one block.
void single_layer(const Inverse& f, std::uint64_t* a, std::size_t n) {
  const Vec w = set1(f.w[1]);
  for (std::size_t k = 0; k < n / 2; k += kLanes) {
    Vec a0 = load_doubles(a + k);
    Vec a1 = load_doubles(a + n / 2 + k);
    butterfly(a0, a1, w, f.p);
    store_doubles(a + k, a0);
    store_doubles(a + n / 2 + k, a1);
  }
}

/// The layer with one block, the factor 1/N, and the canonical words.
void single_layer_to_words(const Inverse& f, std::uint64_t* a, std::size_t n) {
  for (std::size_t k = 0; k < n / 2; k += kLanes) {
    const Vec a0 = load_doubles(a + k);
    const Vec a1 = load_doubles(a + n / 2 + k);
    const Vec sum = product(_mm256_add_pd(a0, a1), f.scale, f.p);
    const Vec difference = product(_mm256_sub_pd(a0, a1), f.scale_times, f.p);
    store_words(a + k, canonical(sum, f.p));
    store_words(a + n / 2 + k, canonical(difference, f.p));
  }
}

/// The layers with two blocks and one block, the factor 1/N, and the canonical words.
void two_layers_to_words(const Inverse& f, std::uint64_t* a, std::size_t n) {
  const std::size_t t = n / 4;
  const Vec w2 = set1(f.w[2]);
  const Vec w3 = set1(f.w[3]);
  for (std::size_t k = 0; k < t; k += kLanes) {
    Vec a0 = load_doubles(a + k);
    Vec a1 = load_doubles(a + t + k);
    Vec a2 = load_doubles(a + 2 * t + k);
    Vec a3 = load_doubles(a + 3 * t + k);
    butterfly(a0, a1, w2, f.p);
    butterfly(a2, a3, w3, f.p);
    store_words(a + k, canonical(product(_mm256_add_pd(a0, a2), f.scale, f.p), f.p));
    store_words(a + t + k, canonical(product(_mm256_add_pd(a1, a3), f.scale, f.p), f.p));
    store_words(a + 2 * t + k, canonical(product(_mm256_sub_pd(a0, a2), f.scale_times, f.p), f.p));
    store_words(a + 3 * t + k, canonical(product(_mm256_sub_pd(a1, a3), f.scale_times, f.p), f.p));
  }
}

}  // namespace

void ntt_inverse(const NttTables& tables, std::uint64_t* a) {
  if (tables.log_n() < kMinLogN) return scalar::ntt_inverse(tables, a);
  const arith::Modulus& q = tables.modulus();
  const std::size_t n = tables.n();
  const bool unfold_last = tables.ring() == base::RingKind::kConjugateInvariant;
  const bool odd = tables.log_n() % 2 != 0;
  const int passes = static_cast<int>(tables.log_n()) / 2;
  const std::uint64_t scale_times =
      arith::mul_mod(tables.inverse()[1], tables.inverse_n(), q.value());
  const Inverse f{make_prime(q), tables.inverse_doubles(),
                  plan_inverse(static_cast<double>(q.value()), 1, passes),
                  set1_centred(tables.inverse_n().value, q), set1_centred(scale_times, q)};
  if (odd) {
    tree(f, a, n / 2, 2, 0, passes - 1);
    tree(f, a + n / 2, n / 2, 2, 1, passes - 1);
    if (unfold_last) {
      single_layer(f, a, n);
      unfold_and_scale(tables, f.p, a);
    } else {
      single_layer_to_words(f, a, n);
    }
    return;
  }
  if (unfold_last) {
    tree(f, a, n, 1, 0, passes - 1);
    unfold_and_scale(tables, f.p, a);
    return;
  }
  for (std::size_t j = 0; j < 4; ++j) tree(f, a + j * n / 4, n / 4, 4, j, passes - 2);
  two_layers_to_words(f, a, n);
}

}  // namespace serdab::kernels::avx2
