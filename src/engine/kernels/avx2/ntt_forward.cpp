#include <algorithm>

#include "engine/kernels/avx2/doubles.h"
#include "engine/kernels/avx2/fold.h"
#include "engine/kernels/avx2/ntt.h"
#include "engine/kernels/avx2/ntt_plan.h"
#include "engine/kernels/avx2/transpose.h"
#include "engine/kernels/scalar/ntt.h"

// Layers are taken two at a time, four vectors in registers, depth first once a block is larger
// than half of L1, all jobs of a call through one part of the tree before the next. Values stay
// doubles from the first pass to the last.
namespace serdab::kernels::avx2 {
namespace {

/// Blocks up to this many values (16 KiB) are finished layer by layer.
constexpr std::size_t kCacheBlock = std::size_t{1} << 11;

struct Forward {
  Prime p;
  const double* w;
  ForwardPlan plan;
};

/// Two products at a time, so that neighbouring instructions do not wait for each other.
inline void products(Vec& a, Vec& b, const Factor& wa, const Factor& wb, const Prime& p) {
  const Vec ka = _mm256_sub_pd(_mm256_fmadd_pd(a, wa.ratio, p.round), p.round);
  const Vec kb = _mm256_sub_pd(_mm256_fmadd_pd(b, wb.ratio, p.round), p.round);
  SERDAB_ASSERT(all_within(ka, kQuotientLimit) && all_within(kb, kQuotientLimit));
  const Vec high_a = _mm256_mul_pd(a, wa.w);
  const Vec high_b = _mm256_mul_pd(b, wb.w);
  a = _mm256_fmsub_pd(a, wa.w, high_a);
  b = _mm256_fmsub_pd(b, wb.w, high_b);
  a = _mm256_add_pd(_mm256_fnmadd_pd(ka, p.q, high_a), a);
  b = _mm256_add_pd(_mm256_fnmadd_pd(kb, p.q, high_b), b);
}
/// (a0, a1) -> (a0 + a1, a0 − a1)
inline void sum_and_difference(Vec& a0, Vec& a1) {
  const Vec y = a1;
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

template <bool kCentre>
inline void upper_layer(Vec (&a)[4], const Factor& w1, const Prime& p) {
  if (kCentre) {
    a[0] = centre(a[0], p);
    a[1] = centre(a[1], p);
  }
  products(a[2], a[3], w1, w1, p);
  sum_and_difference(a[0], a[2]);
  sum_and_difference(a[1], a[3]);
}
inline void lower_layer(Vec (&a)[4], const Factor& w2, const Factor& w3, const Prime& p) {
  products(a[1], a[3], w2, w3, p);
  sum_and_difference(a[0], a[1]);
  sum_and_difference(a[2], a[3]);
}

/// The layer with one block of the whole size.
template <typename Load>
void single_layer(const Forward& f, const Load& load, const std::uint64_t* in, std::uint64_t* out,
                  std::size_t n) {
  const Prime p = f.p;
  const Factor w = make_factor(set1(f.w[1]), p);
  for (std::size_t k = 0; k < n / 2; k += 2 * kLanes) {
    Vec a0 = load(in + k), b0 = load(in + k + kLanes);
    Vec a1 = load(in + n / 2 + k), b1 = load(in + n / 2 + k + kLanes);
    products(a1, b1, w, w, p);
    sum_and_difference(a0, a1);
    sum_and_difference(b0, b1);
    store_doubles(out + k, a0);
    store_doubles(out + k + kLanes, b0);
    store_doubles(out + n / 2 + k, a1);
    store_doubles(out + n / 2 + k + kLanes, b1);
  }
}

template <typename Load>
inline void load4(Vec (&x)[4], const Load& load, const std::uint64_t* a, std::size_t t) {
  for (std::size_t j = 0; j < 4; ++j) x[j] = load(a + j * t);
}
inline void store4(std::uint64_t* a, std::size_t t, const Vec (&x)[4]) {
  for (std::size_t j = 0; j < 4; ++j) store_doubles(a + j * t, x[j]);
}

/// `count` blocks from node `place` of the tree, and their blocks of the next layer.
template <bool kCentre, typename Load>
void blocks(const Forward& f, const Load& load, const std::uint64_t* in, std::uint64_t* out,
            std::size_t size, std::size_t place, std::size_t count) {
  const std::size_t t = size / 4;
  const Prime p = f.p;
  for (std::size_t b = 0; b < count; ++b, in += size, out += size) {
    const Factors w = block_factors(f, place + b);
    for (std::size_t k = 0; k < t; k += kLanes) {
      Vec x[4];
      load4(x, load, in + k, t);
      upper_layer<kCentre>(x, w.w1, p);
      lower_layer(x, w.w2, w.w3, p);
      store4(out + k, t, x);
    }
  }
}

template <typename Load>
void pass(const Forward& f, const Load& load, const std::uint64_t* in, std::uint64_t* out,
          std::size_t size, std::size_t place, std::size_t count, int depth) {
  if (f.plan.pass[depth].centre) {
    blocks<true>(f, load, in, out, size, place, count);
  } else {
    blocks<false>(f, load, in, out, size, place, count);
  }
}

/// Factors of four blocks of four values from block `place` of the tree.
inline Factor leaf_factor(const Forward& f, std::size_t place) {
  return make_factor(_mm256_loadu_pd(f.w + place), f.p);
}

/// The last two layers and the output, 64 values at a time. One layer of all of them before the
/// next: a chain of both layers and the output is longer than what the processor's scheduler holds.
template <bool kCentre, typename Output>
void last_layers(const Forward& f, const std::uint64_t* a, std::size_t place, std::size_t count,
                 const Output& output) {
  constexpr std::size_t kChunk = 64, kGroup = 16;
  const Prime p = f.p;
  alignas(32) std::uint64_t chunk[kChunk];
  Vec x[4];
  for (std::size_t b = 0; b < count; b += kChunk / 4) {
    for (std::size_t g = 0; g < kChunk; g += kGroup) {
      load_transposed(x, a + 4 * b + g);
      upper_layer<kCentre>(x, leaf_factor(f, place + b + g / 4), p);
      store4(chunk + g, kLanes, x);
    }
    for (std::size_t g = 0; g < kChunk; g += kGroup) {
      const std::size_t next = 2 * (place + b + g / 4);
      load4(x, FromDoubles(), chunk + g, kLanes);
      lower_layer(x, leaf_factor(f, next), leaf_factor(f, next + 4), p);
      store4(chunk + g, kLanes, x);
    }
    for (std::size_t g = 0; g < kChunk; g += kGroup) {
      load4(x, FromDoubles(), chunk + g, kLanes);
      transpose(x);
      for (std::size_t j = 0; j < 4; ++j) output(4 * b + g + 4 * j, centre(x[j], p));
    }
  }
}

template <typename Output>
void last_layers(const Forward& f, const std::uint64_t* a, std::size_t place, std::size_t count,
                 int depth, const Output& output) {
  if (f.plan.pass[depth].centre) {
    last_layers<true>(f, a, place, count, output);
  } else {
    last_layers<false>(f, a, place, count, output);
  }
}

void finish(const Forward& f, const NttJob& job, const arith::Modulus& q, const std::uint64_t* a,
            std::size_t offset, std::size_t place, std::size_t count, int depth) {
  const Prime p = f.p;
  std::uint64_t* out = job.out + offset;
  if (job.minuend == nullptr) {
    return last_layers(f, a, place, count, depth,
                       [=](std::size_t k, Vec x) { store_wrapped(out + k, x, p.q); });
  }
  const std::uint64_t* minuend = job.minuend + offset;
  const Factor factor = make_factor(set1_centred(job.factor, q), p);
  last_layers(f, a, place, count, depth, [=](std::size_t k, Vec x) {
    const Vec difference = _mm256_sub_pd(load_words(minuend + k), x);
    store_wrapped(out + k, product(difference, factor, p), p.q);
  });
}

class Transform {
 public:
  Transform(const NttTables& tables, std::span<const NttJob> jobs)
      : tables_(tables), jobs_(jobs), work_(jobs, tables.n()) {
    const auto q = static_cast<double>(tables.modulus().value());
    const Bounds bounds(q);
    double first = 1;
    for (const NttJob& job : jobs) {
      if (job.source == nullptr) continue;
      first = std::max(first, static_cast<double>(job.source->value()) / (2 * q));
    }
    if (folds()) first += bounds.product(first);
    if (odd()) first += bounds.product(first);
    f_ = {make_prime(tables.modulus()), tables.forward_doubles(),
          plan_forward(q, first, static_cast<int>(tables.log_n()) / 2)};
  }

  void run() {
    for (const NttJob& job : jobs_) first_pass(job);
    const std::size_t parts = odd() ? 2 : 4;
    const std::size_t size = tables_.n() / parts;
    for (std::size_t j = 0; j < parts; ++j) tree(j * size, size, parts + j, odd() ? 0 : 1);
  }

 private:
  bool folds() const { return tables_.ring() == base::RingKind::kConjugateInvariant; }
  bool odd() const { return tables_.log_n() % 2 != 0; }

  void first_pass(const NttJob& job) {
    std::uint64_t* a = work_.of(job);
    if (folds()) {
      if (job.source == nullptr) {
        fold(tables_, f_.p, FromWords(), job.in, a);
      } else {
        fold(tables_, f_.p, FromPrime(*job.source), job.in, a);
      }
      first_layers(FromDoubles(), a, a);
    } else if (job.source == nullptr) {
      first_layers(FromWords(), job.in, a);
    } else {
      first_layers(FromPrime(*job.source), job.in, a);
    }
  }
  template <typename Load>
  void first_layers(const Load& load, const std::uint64_t* in, std::uint64_t* out) {
    if (odd()) return single_layer(f_, load, in, out, tables_.n());
    pass(f_, load, in, out, tables_.n(), 1, 1, 0);
  }

  /// All layers from node `place` of the tree down, a block of `size` values at `offset`.
  void tree(std::size_t offset, std::size_t size, std::size_t place, int depth) {
    if (size > kCacheBlock) {
      for (const NttJob& job : jobs_) {
        std::uint64_t* a = work_.of(job) + offset;
        pass(f_, FromDoubles(), a, a, size, place, 1, depth);
      }
      for (std::size_t j = 0; j < 4; ++j) {
        tree(offset + j * size / 4, size / 4, 4 * place + j, depth + 1);
      }
      return;
    }
    for (const NttJob& job : jobs_) {
      std::uint64_t* a = work_.of(job) + offset;
      std::size_t count = 1;
      int d = depth;
      for (std::size_t width = size; width > 4; width /= 4, count *= 4, ++d) {
        pass(f_, FromDoubles(), a, a, width, place * count, count, d);
      }
      finish(f_, job, tables_.modulus(), a, offset, place * count, count, d);
    }
  }

  const NttTables& tables_;
  std::span<const NttJob> jobs_;
  NttWork work_;
  Forward f_;
};

}  // namespace

void ntt_forward(const NttTables& tables, std::span<const NttJob> jobs) {
  if (tables.log_n() < kMinLogN) return scalar::ntt_forward(tables, jobs);
  Transform(tables, jobs).run();
}

}  // namespace serdab::kernels::avx2
