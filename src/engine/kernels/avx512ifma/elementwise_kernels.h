#pragma once

#include "engine/kernels/avx512ifma/source.h"
#include "engine/kernels/operands.h"

namespace serdab::kernels::avx512ifma {

template <typename V>
struct Elementwise {
  using Words = const std::uint64_t*;
  using WordsOut = std::uint64_t*;
  using Vec = typename V::Vec;

  template <typename Body>
  static void for_vectors(std::size_t n, const Body& body) {
    SERDAB_ASSERT(n % (2 * V::kLanes) == 0);
    for (std::size_t i = 0; i < n; i += 2 * V::kLanes) {
      body(i);
      body(i + V::kLanes);
    }
  }

  static void add(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n) {
    const Prime<V> p(q);
    for_vectors(n, [&](std::size_t i) {
      V::store(out + i, subtract_once<V>(V::add(V::load(a + i), V::load(b + i)), p.q));
    });
  }
  static void add_scalar(const Modulus& q, Words a, std::uint64_t w, WordsOut out, std::size_t n) {
    SERDAB_ASSERT(w < q.value());
    const Prime<V> p(q);
    const Vec summand = V::set1(w);
    for_vectors(n, [&](std::size_t i) {
      V::store(out + i, subtract_once<V>(V::add(V::load(a + i), summand), p.q));
    });
  }
  /// a − b + q lies in (0, 2q).
  static void subtract(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n) {
    const Prime<V> p(q);
    for_vectors(n, [&](std::size_t i) {
      const Vec difference = V::sub(V::add(V::load(a + i), p.q), V::load(b + i));
      V::store(out + i, subtract_once<V>(difference, p.q));
    });
  }
  static void negate(const Modulus& q, Words a, WordsOut out, std::size_t n) {
    const Prime<V> p(q);
    for_vectors(n, [&](std::size_t i) {
      V::store(out + i, subtract_once<V>(V::sub(p.q, V::load(a + i)), p.q));
    });
  }

  static void multiply(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n) {
    const Prime<V> p(q);
    const Barrett<V> barrett(q);
    for_vectors(n, [&](std::size_t i) {
      V::store(out + i, canonical<V>(product<V>(V::load(a + i), V::load(b + i), barrett, p), p));
    });
  }
  static void multiply_add(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n) {
    const Prime<V> p(q);
    const Barrett<V> barrett(q);
    for_vectors(n, [&](std::size_t i) {
      const Vec c = canonical<V>(product<V>(V::load(a + i), V::load(b + i), barrett, p), p);
      V::store(out + i, subtract_once<V>(V::add(V::load(out + i), c), p.q));
    });
  }
  static void tensor(const Modulus& q, Words a0, Words a1, Words b0, Words b1, WordsOut out0,
                     WordsOut out1, WordsOut out2, std::size_t n) {
    const Prime<V> p(q);
    const Barrett<V> barrett(q);
    for_vectors(n, [&](std::size_t i) {
      const Vec x0 = V::load(a0 + i), x1 = V::load(a1 + i);
      const Vec y0 = V::load(b0 + i), y1 = V::load(b1 + i);
      const Vec cross0 = subtract_once<V>(product<V>(x0, y1, barrett, p), p.twice);
      const Vec cross1 = subtract_once<V>(product<V>(x1, y0, barrett, p), p.twice);
      V::store(out0 + i, canonical<V>(product<V>(x0, y0, barrett, p), p));
      V::store(out1 + i, canonical<V>(V::add(cross0, cross1), p));
      V::store(out2 + i, canonical<V>(product<V>(x1, y1, barrett, p), p));
    });
  }
  static void tensor_square(const Modulus& q, Words a0, Words a1, WordsOut out0, WordsOut out1,
                            WordsOut out2, std::size_t n) {
    const Prime<V> p(q);
    const Barrett<V> barrett(q);
    for_vectors(n, [&](std::size_t i) {
      const Vec x0 = V::load(a0 + i), x1 = V::load(a1 + i);
      const Vec cross = subtract_once<V>(product<V>(x0, x1, barrett, p), p.twice);
      V::store(out0 + i, canonical<V>(product<V>(x0, x0, barrett, p), p));
      V::store(out1 + i, canonical<V>(V::add(cross, cross), p));
      V::store(out2 + i, canonical<V>(product<V>(x1, x1, barrett, p), p));
    });
  }

  static void multiply_scalar(const Modulus& q, Words a, std::uint64_t w, WordsOut out,
                              std::size_t n) {
    SERDAB_ASSERT(w < q.value());
    const Prime<V> p(q);
    const Factor<V> factor = make_factor<V>(w, q.value());
    for_vectors(n, [&](std::size_t i) {
      V::store(out + i, subtract_once<V>(product<V>(V::load(a + i), factor, p), p.q));
    });
  }
  static void multiply_scalar_add(const Modulus& q, Words a, std::uint64_t w, WordsOut out,
                                  std::size_t n) {
    SERDAB_ASSERT(w < q.value());
    const Prime<V> p(q);
    const Factor<V> factor = make_factor<V>(w, q.value());
    for_vectors(n, [&](std::size_t i) {
      const Vec sum = V::add(V::load(out + i), product<V>(V::load(a + i), factor, p));
      V::store(out + i, canonical<V>(sum, p));
    });
  }
  static void reduce(const Modulus& q, Words a, WordsOut out, std::size_t n) {
    const Prime<V> p(q);
    const Factor<V> one = make_factor<V>(1, q.value());
    for_vectors(n, [&](std::size_t i) {
      V::store(out + i, subtract_once<V>(product<V>(V::load(a + i), one, p), p.q));
    });
  }

  /// Calls store(i, x) for every vector of the permuted array.
  template <typename Store>
  static void for_permuted(const Permutation& moves, Words a, std::size_t n, const Store& store) {
    SERDAB_ASSERT(n % 16 == 0);
    for (std::size_t b = 0; b < n / 8; ++b) {
      const std::uint32_t block = moves.blocks[b];
      SERDAB_ASSERT(block < n);
      store(8 * b, V::permute(V::load(a + (block & ~7u)), V::load(moves.lanes[block & 7])));
    }
  }
  static void permute(const Permutation& moves, Words a, WordsOut out, std::size_t n) {
    SERDAB_ASSERT(a != out);
    for_permuted(moves, a, n, [&](std::size_t i, Vec x) { V::store(out + i, x); });
  }
  static void permute_add(const Modulus& q, const Permutation& moves, Words a, Words b,
                          WordsOut out, std::size_t n) {
    SERDAB_ASSERT(a != out);
    const Prime<V> p(q);
    for_permuted(moves, a, n, [&](std::size_t i, Vec x) {
      V::store(out + i, subtract_once<V>(V::add(V::load(b + i), x), p.q));
    });
  }
};

}  // namespace serdab::kernels::avx512ifma
