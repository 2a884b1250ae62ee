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
  Factor scale;        ///< 1/N
  Factor scale_times;  ///< w[1]/N
};

/// (a0, a1) -> (a0 + a1, w·(a0 − a1))
inline void butterfly(Vec& a0, Vec& a1, const Factor& w, const Prime& p) {
  const Vec difference = _mm256_sub_pd(a0, a1);
  a0 = _mm256_add_pd(a0, a1);
  a1 = product(difference, w, p);
}

struct Factors {
  Factor w1, w2, w3;
};
inline Factors block_factors(const Inverse& f, std::size_t place) {
  return {make_factor(set1(f.w[place]), f.p), make_factor(set1(f.w[2 * place]), f.p),
          make_factor(set1(f.w[2 * place + 1]), f.p)};
}

/// Two layers of two independent quadruples, as in the forward transform.
template <int kCentre>
inline void two_layers(Vec (&a)[4], Vec (&b)[4], const Factors& wa, const Factors& wb,
                       const Prime& p) {
  butterfly(a[0], a[1], wa.w2, p);
  butterfly(a[2], a[3], wa.w3, p);
  butterfly(b[0], b[1], wb.w2, p);
  butterfly(b[2], b[3], wb.w3, p);
  butterfly(a[0], a[2], wa.w1, p);
  butterfly(a[1], a[3], wa.w1, p);
  butterfly(b[0], b[2], wb.w1, p);
  butterfly(b[1], b[3], wb.w1, p);
  if (kCentre >= 1) {
    a[0] = centre(a[0], p);
    b[0] = centre(b[0], p);
  }
  if (kCentre >= 2) {
    a[1] = centre(a[1], p);
    b[1] = centre(b[1], p);
  }
}

inline void load4(Vec (&x)[4], const std::uint64_t* a, std::size_t t) {
  for (std::size_t j = 0; j < 4; ++j) x[j] = load_doubles(a + j * t);
}
inline void store4(std::uint64_t* a, std::size_t t, const Vec (&x)[4]) {
  for (std::size_t j = 0; j < 4; ++j) store_doubles(a + j * t, x[j]);
}

template <int kCentre>
void blocks(const Inverse& f, std::uint64_t* a, std::size_t size, std::size_t place,
            std::size_t count) {
  const std::size_t t = size / 4;
  const Prime p = f.p;
  Vec x[4], y[4];
  if (t == kLanes) {
    for (std::size_t b = 0; b < count; b += 2, a += 2 * size) {
      const Factors w = block_factors(f, place + b);
      const Factors v = block_factors(f, place + b + 1);
      load4(x, a, t);
      load4(y, a + size, t);
      two_layers<kCentre>(x, y, w, v, p);
      store4(a, t, x);
      store4(a + size, t, y);
    }
    return;
  }
  for (std::size_t b = 0; b < count; ++b, a += size) {
    const Factors w = block_factors(f, place + b);
    for (std::size_t k = 0; k < t; k += 2 * kLanes) {
      load4(x, a + k, t);
      load4(y, a + k + kLanes, t);
      two_layers<kCentre>(x, y, w, w, p);
      store4(a + k, t, x);
      store4(a + k + kLanes, t, y);
    }
  }
}

void pass(const Inverse& f, std::uint64_t* a, std::size_t size, std::size_t place,
          std::size_t count, int depth) {
  switch (f.plan.pass[depth].centre) {
    case 0:
      return blocks<0>(f, a, size, place, count);
    case 1:
      return blocks<1>(f, a, size, place, count);
    default:
      return blocks<2>(f, a, size, place, count);
  }
}

/// Factors of four consecutive blocks of the tree.
inline Factor leaf_factor(const Inverse& f, std::size_t place) {
  return make_factor(_mm256_loadu_pd(f.w + place), f.p);
}

/// Words to doubles and the two layers with the most blocks, 64 values at a time: all through one
/// layer before the next, as in the forward transform.
template <int kCentre>
void first_layers(const Inverse& f, const std::uint64_t* in, std::uint64_t* out, std::size_t place,
                  std::size_t count) {
  constexpr std::size_t kChunk = 64, kGroup = 16;
  const Prime p = f.p;
  alignas(32) std::uint64_t chunk[kChunk];
  Vec x[4];
  for (std::size_t b = 0; b < count; b += kChunk / 4) {
    for (std::size_t g = 0; g < kChunk; g += kGroup) {
      const std::size_t next = 2 * (place + b + g / 4);
      load_transposed(x, in + 4 * b + g);
      for (std::size_t j = 0; j < 4; ++j) x[j] = from_words(x[j]);
      butterfly(x[0], x[1], leaf_factor(f, next), p);
      butterfly(x[2], x[3], leaf_factor(f, next + 4), p);
      store4(chunk + g, kLanes, x);
    }
    for (std::size_t g = 0; g < kChunk; g += kGroup) {
      const Factor w = leaf_factor(f, place + b + g / 4);
      load4(x, chunk + g, kLanes);
      butterfly(x[0], x[2], w, p);
      butterfly(x[1], x[3], w, p);
      if (kCentre >= 1) x[0] = centre(x[0], p);
      if (kCentre >= 2) x[1] = centre(x[1], p);
      transpose(x);
      store4(out + 4 * b + g, kLanes, x);
    }
  }
}

/// Passes counted from the leaves: a block of 4^(d+1) values ends with pass d.
void tree(const Inverse& f, std::span<const NttJob> jobs, std::size_t offset, std::size_t size,
          std::size_t place, int depth) {
  if (size > kCacheBlock) {
    for (std::size_t j = 0; j < 4; ++j) {
      tree(f, jobs, offset + j * size / 4, size / 4, 4 * place + j, depth - 1);
    }
    for (const NttJob& job : jobs) pass(f, job.out + offset, size, place, 1, depth);
    return;
  }
  for (const NttJob& job : jobs) {
    const std::uint64_t* in = job.in + offset;
    std::uint64_t* out = job.out + offset;
    std::size_t count = size / 4;
    switch (f.plan.pass[0].centre) {
      case 0:
        first_layers<0>(f, in, out, place * count, count);
        break;
      case 1:
        first_layers<1>(f, in, out, place * count, count);
        break;
      default:
        first_layers<2>(f, in, out, place * count, count);
        break;
    }
    std::size_t width = 16;
    count /= 4;
    for (int d = 1; d <= depth; ++d, width *= 4, count /= 4) {
      pass(f, out, width, place * count, count, d);
    }
  }
}

/// The layer with one block.
void single_layer(const Inverse& f, std::uint64_t* a, std::size_t n) {
  const Factor w = make_factor(set1(f.w[1]), f.p);
  for (std::size_t k = 0; k < n / 2; k += kLanes) {
    Vec a0 = load_doubles(a + k);
    Vec a1 = load_doubles(a + n / 2 + k);
    butterfly(a0, a1, w, f.p);
    store_doubles(a + k, a0);
    store_doubles(a + n / 2 + k, a1);
  }
}

/// The layer with one block, the factor 1/N, and the canonical words: a product lies in (−q, q).
void single_layer_to_words(const Inverse& f, std::uint64_t* a, std::size_t n) {
  for (std::size_t k = 0; k < n / 2; k += kLanes) {
    const Vec a0 = load_doubles(a + k);
    const Vec a1 = load_doubles(a + n / 2 + k);
    const Vec sum = product(_mm256_add_pd(a0, a1), f.scale, f.p);
    const Vec difference = product(_mm256_sub_pd(a0, a1), f.scale_times, f.p);
    store_wrapped(a + k, sum, f.p.q);
    store_wrapped(a + n / 2 + k, difference, f.p.q);
  }
}

/// The layers with two blocks and one block, the factor 1/N, and the canonical words.
void two_layers_to_words(const Inverse& f, std::uint64_t* a, std::size_t n) {
  const std::size_t t = n / 4;
  const Factor w2 = make_factor(set1(f.w[2]), f.p);
  const Factor w3 = make_factor(set1(f.w[3]), f.p);
  for (std::size_t k = 0; k < t; k += kLanes) {
    Vec a0 = load_doubles(a + k);
    Vec a1 = load_doubles(a + t + k);
    Vec a2 = load_doubles(a + 2 * t + k);
    Vec a3 = load_doubles(a + 3 * t + k);
    butterfly(a0, a1, w2, f.p);
    butterfly(a2, a3, w3, f.p);
    store_wrapped(a + k, product(_mm256_add_pd(a0, a2), f.scale, f.p), f.p.q);
    store_wrapped(a + t + k, product(_mm256_add_pd(a1, a3), f.scale, f.p), f.p.q);
    store_wrapped(a + 2 * t + k, product(_mm256_sub_pd(a0, a2), f.scale_times, f.p), f.p.q);
    store_wrapped(a + 3 * t + k, product(_mm256_sub_pd(a1, a3), f.scale_times, f.p), f.p.q);
  }
}

/// The layers at the root of the tree, and the way out.
void finish(const Inverse& f, const NttTables& tables, std::uint64_t* a) {
  const std::size_t n = tables.n();
  const bool odd = tables.log_n() % 2 != 0;
  if (tables.ring() != base::RingKind::kConjugateInvariant) {
    return odd ? single_layer_to_words(f, a, n) : two_layers_to_words(f, a, n);
  }
  if (odd) {
    single_layer(f, a, n);
  } else {
    pass(f, a, n, 1, 1, static_cast<int>(tables.log_n()) / 2 - 1);
  }
  unfold_and_scale(tables, f.p, a);
}

}  // namespace

void ntt_inverse(const NttTables& tables, std::span<const NttJob> jobs) {
  if (tables.log_n() < kMinLogN) return scalar::ntt_inverse(tables, jobs);
  const arith::Modulus& q = tables.modulus();
  const int passes = static_cast<int>(tables.log_n()) / 2;
  const std::uint64_t scale_times =
      arith::mul_mod(tables.inverse()[1], tables.inverse_n(), q.value());
  const Prime p = make_prime(q);
  const Inverse f{p, tables.inverse_doubles(),
                  plan_inverse(static_cast<double>(q.value()), 1, passes),
                  make_factor(set1_centred(tables.inverse_n().value, q), p),
                  make_factor(set1_centred(scale_times, q), p)};
  const bool odd = tables.log_n() % 2 != 0;
  const std::size_t parts = odd ? 2 : 4;
  const std::size_t size = tables.n() / parts;
  for (std::size_t j = 0; j < parts; ++j) {
    tree(f, jobs, j * size, size, parts + j, odd ? passes - 1 : passes - 2);
  }
  for (const NttJob& job : jobs) finish(f, tables, job.out);
}

}  // namespace serdab::kernels::avx2
