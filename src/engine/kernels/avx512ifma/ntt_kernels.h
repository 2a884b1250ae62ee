#pragma once

#include <cstring>
#include <span>

#include "engine/kernels/avx512ifma/butterfly.h"
#include "engine/kernels/avx512ifma/elementwise_kernels.h"
#include "engine/kernels/avx512ifma/fold_kernels.h"
#include "engine/kernels/avx512ifma/leaf_layers.h"
#include "engine/kernels/avx512ifma/residues.h"
#include "engine/kernels/ntt_job.h"
#include "engine/kernels/ntt_tables.h"
#include "engine/kernels/scalar/ntt.h"

namespace serdab::kernels::avx512ifma {

/// Harvey's lazy butterflies (2014, algorithms 2 and 3): forward values in [0, 4q), inverse values
/// in [0, 2q). Layers are taken two at a time in registers, depth first, down to blocks of one
/// vector; the last three layers permute within registers (leaf_layers.h).
template <typename V>
class Ntt {
 public:
  static void forward(const NttTables& tables, std::span<const NttJob> jobs) {
    if (tables.log_n() < kMinLogN) return scalar::ntt_forward(tables, jobs);
    const Modulus& q = tables.modulus();
    const std::size_t n = tables.n();
    NttWork work(jobs, n);
    for (const NttJob& job : jobs) {
      std::uint64_t* a = work.of(job);
      if (job.source != nullptr) {
        Elementwise<V>::reduce_centred(*job.source, q, job.in, a, n);
      } else if (job.in != a) {
        std::memcpy(a, job.in, n * sizeof(std::uint64_t));
      }
      forward(tables, a);
      if (job.minuend != nullptr) {
        Elementwise<V>::subtract_multiply_scalar(q, job.minuend, a, job.factor, job.out, n);
      }
    }
  }

  static void inverse(const NttTables& tables, std::span<const NttJob> jobs) {
    if (tables.log_n() < kMinLogN) return scalar::ntt_inverse(tables, jobs);
    for (const NttJob& job : jobs) {
      if (job.in != job.out) std::memcpy(job.out, job.in, tables.n() * sizeof(std::uint64_t));
      inverse(tables, job.out);
    }
  }

 private:
  static void forward(const NttTables& tables, std::uint64_t* a) {
    const Transform f{Prime<V>(tables.modulus()), tables.forward(), tables.forward_shoup()};
    if (tables.ring() == base::RingKind::kConjugateInvariant) fold<V>(tables, f.p, a);
    const std::size_t n = tables.n();
    if (pairs_of_layers(tables)) return forward_tree(f, a, n, 1, 0);
    forward_single_layer(f, a, n);
    forward_tree(f, a, n / 2, 2, 0);
    forward_tree(f, a + n / 2, n / 2, 2, 1);
  }

  static void inverse(const NttTables& tables, std::uint64_t* a) {
    const Transform f{Prime<V>(tables.modulus()), tables.inverse(), tables.inverse_shoup()};
    const std::size_t n = tables.n();
    const bool pairs = pairs_of_layers(tables);
    if (pairs) {
      for (std::size_t j = 0; j < 4; ++j) inverse_tree(f, a + j * n / 4, n / 4, 4, j);
    } else {
      inverse_tree(f, a, n / 2, 2, 0);
      inverse_tree(f, a + n / 2, n / 2, 2, 1);
    }
    if (tables.ring() == base::RingKind::kConjugateInvariant) {
      pairs ? inverse_blocks(f, a, n, 1, 0, 1) : inverse_single_layer(f, a, n);
      unfold_and_scale<V>(tables, f.p, a);
    } else {
      pairs ? inverse_last_pair(f, tables, a) : inverse_last_layer(f, tables, a);
    }
  }

  using Vec = typename V::Vec;
  static constexpr std::size_t kLanes = V::kLanes;
  static constexpr unsigned kMinLogN = 7;
  static constexpr unsigned kLeafLayers = 3;
  /// Blocks up to this many words (32 KiB) are finished layer by layer.
  static constexpr std::size_t kCacheBlock = std::size_t{1} << 12;

  struct Transform {
    Prime<V> p;
    const std::uint64_t* w;
    const std::uint64_t* shoup;

    Factor<V> factor(std::size_t place) const {
      return {V::set1(w[place]), V::set1(shoup[place] >> 12)};
    }
  };
  struct Factors {
    Factor<V> w1, w2, w3;
    Factors(const Transform& f, std::size_t place)
        : w1(f.factor(place)), w2(f.factor(2 * place)), w3(f.factor(2 * place + 1)) {}
  };

  /// Whether the layers above the leaves can be taken two at a time without a rest.
  static bool pairs_of_layers(const NttTables& tables) {
    return (tables.log_n() - kLeafLayers) % 2 == 0;
  }

  static void load4(Vec (&x)[4], const std::uint64_t* a, std::size_t t) {
    for (std::size_t j = 0; j < 4; ++j) x[j] = V::load(a + j * t);
  }
  static void store4(std::uint64_t* a, std::size_t t, const Vec (&x)[4]) {
    for (std::size_t j = 0; j < 4; ++j) V::store(a + j * t, x[j]);
  }

  // ---- forward: values in [0, 4q) between passes

  static void forward_single_layer(const Transform& f, std::uint64_t* a, std::size_t n) {
    const Factor<V> w = f.factor(1);
    for (std::size_t k = 0; k < n / 2; k += kLanes) {
      Vec x = V::load(a + k);
      Vec y = V::load(a + n / 2 + k);
      forward_butterfly<V>(x, y, w, f.p);
      V::store(a + k, x);
      V::store(a + n / 2 + k, y);
    }
  }

  /// `count` blocks of the layer with m blocks, from block i, and their blocks of the next layer.
  static void forward_blocks(const Transform& f, std::uint64_t* a, std::size_t size, std::size_t m,
                             std::size_t i, std::size_t count) {
    const std::size_t t = size / 4;
    for (std::size_t b = 0; b < count; ++b, a += size) {
      const Factors w(f, m + i + b);
      for (std::size_t k = 0; k < t; k += kLanes) {
        Vec x[4];
        load4(x, a + k, t);
        forward_butterfly<V>(x[0], x[2], w.w1, f.p);
        forward_butterfly<V>(x[1], x[3], w.w1, f.p);
        forward_butterfly<V>(x[0], x[1], w.w2, f.p);
        forward_butterfly<V>(x[2], x[3], w.w3, f.p);
        store4(a + k, t, x);
      }
    }
  }

  /// All layers from block i of the layer with m blocks down.
  static void forward_tree(const Transform& f, std::uint64_t* a, std::size_t size, std::size_t m,
                           std::size_t i) {
    if (size > kCacheBlock) {
      forward_blocks(f, a, size, m, i, 1);
      for (std::size_t j = 0; j < 4; ++j) {
        forward_tree(f, a + j * size / 4, size / 4, 4 * m, 4 * i + j);
      }
      return;
    }
    std::size_t count = 1;
    for (; size > kLanes; size /= 4, count *= 4) {
      forward_blocks(f, a, size, m * count, i * count, count);
    }
    forward_leaves<V>(f.p, f.w, f.shoup, a, (m + i) * count, count);
  }

  // ---- inverse: values in [0, 2q) between passes

  static void inverse_single_layer(const Transform& f, std::uint64_t* a, std::size_t n) {
    const Factor<V> w = f.factor(1);
    for (std::size_t k = 0; k < n / 2; k += kLanes) {
      Vec x = V::load(a + k);
      Vec y = V::load(a + n / 2 + k);
      inverse_butterfly<V>(x, y, w, f.p);
      V::store(a + k, x);
      V::store(a + n / 2 + k, y);
    }
  }

  static void inverse_blocks(const Transform& f, std::uint64_t* a, std::size_t size, std::size_t m,
                             std::size_t i, std::size_t count) {
    const std::size_t t = size / 4;
    for (std::size_t b = 0; b < count; ++b, a += size) {
      const Factors w(f, m + i + b);
      for (std::size_t k = 0; k < t; k += kLanes) {
        Vec x[4];
        load4(x, a + k, t);
        inverse_butterfly<V>(x[0], x[1], w.w2, f.p);
        inverse_butterfly<V>(x[2], x[3], w.w3, f.p);
        inverse_butterfly<V>(x[0], x[2], w.w1, f.p);
        inverse_butterfly<V>(x[1], x[3], w.w1, f.p);
        store4(a + k, t, x);
      }
    }
  }

  /// All layers up to block i of the layer with m blocks.
  static void inverse_tree(const Transform& f, std::uint64_t* a, std::size_t size, std::size_t m,
                           std::size_t i) {
    if (size > kCacheBlock) {
      for (std::size_t j = 0; j < 4; ++j) {
        inverse_tree(f, a + j * size / 4, size / 4, 4 * m, 4 * i + j);
      }
      inverse_blocks(f, a, size, m, i, 1);
      return;
    }
    std::size_t count = size / kLanes;
    inverse_leaves<V>(f.p, f.w, f.shoup, a, (m + i) * count, count);
    for (std::size_t width = 4 * kLanes; width <= size; width *= 4) {
      count /= 4;
      inverse_blocks(f, a, width, m * count, i * count, count);
    }
  }

  /// x (1/N) and x (w/N), to [0, q).
  struct Scale {
    Factor<V> plain, times;
    Scale(const NttTables& tables)
        : plain(make_factor<V>(tables.inverse_n().value, tables.modulus().value())),
          times(make_factor<V>(
              arith::mul_mod(tables.inverse()[1], tables.inverse_n(), tables.modulus().value()),
              tables.modulus().value())) {}
  };
  /// The butterfly of the layer with one block with 1/N in both factors: sums and shifted
  /// differences are below 4q, products below 2q.
  static void last_butterfly(Vec& x, Vec& y, const Scale& scale, const Prime<V>& p) {
    const Vec sum = V::add(x, y);
    const Vec difference = V::sub(V::add(x, p.twice), y);
    x = subtract_once<V>(product<V>(sum, scale.plain, p), p.q);
    y = subtract_once<V>(product<V>(difference, scale.times, p), p.q);
  }

  static void inverse_last_layer(const Transform& f, const NttTables& tables, std::uint64_t* a) {
    const Scale scale(tables);
    const std::size_t t = tables.n() / 2;
    for (std::size_t k = 0; k < t; k += kLanes) {
      Vec x = V::load(a + k);
      Vec y = V::load(a + t + k);
      last_butterfly(x, y, scale, f.p);
      V::store(a + k, x);
      V::store(a + t + k, y);
    }
  }

  static void inverse_last_pair(const Transform& f, const NttTables& tables, std::uint64_t* a) {
    const Scale scale(tables);
    const Factors w(f, 1);
    const std::size_t t = tables.n() / 4;
    for (std::size_t k = 0; k < t; k += kLanes) {
      Vec x[4];
      load4(x, a + k, t);
      inverse_butterfly<V>(x[0], x[1], w.w2, f.p);
      inverse_butterfly<V>(x[2], x[3], w.w3, f.p);
      last_butterfly(x[0], x[2], scale, f.p);
      last_butterfly(x[1], x[3], scale, f.p);
      store4(a + k, t, x);
    }
  }
};

}  // namespace serdab::kernels::avx512ifma
