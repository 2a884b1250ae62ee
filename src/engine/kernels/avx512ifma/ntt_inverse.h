#pragma once

#include <span>

#include "engine/kernels/avx512ifma/fold_kernels.h"
#include "engine/kernels/avx512ifma/leaf_layers.h"
#include "engine/kernels/avx512ifma/unroll.h"
#include "engine/kernels/ntt_job.h"
#include "engine/kernels/ntt_tables.h"

namespace serdab::kernels::avx512ifma {

/// The forward transform backwards: Gentleman–Sande. The pass at the root also multiplies by 1/N
/// and writes words.
template <typename V>
class InverseNtt {
 public:
  InverseNtt(const NttTables& tables, std::span<const NttJob> jobs)
      : tables_(tables),
        jobs_(jobs),
        p_(tables.modulus()),
        one_(make_factor<V>(1, p_.value)),
        reduction_(p_.value, tables.modulus().bits() - 1),
        twiddles_{tables.inverse(), tables.inverse_ratio()},
        plan_(plan_inverse(p_.value, tables.log_n())),
        scale_(make_factor<V>(tables.inverse_n().value, p_.value)),
        scale_times_(make_factor<V>(
            arith::mul_mod(tables.inverse()[1], tables.inverse_n(), p_.value), p_.value)) {}

  void run() const {
    const std::size_t n = tables_.n();
    const unsigned layers = plan_.pass[0].layers;
    for (std::size_t j = 0; j < std::size_t{1} << layers; ++j) {
      tree(j * (n >> layers), n >> layers, (std::size_t{1} << layers) + j, 1);
    }
    for (const NttJob& job : jobs_) {
      if (tables_.ring() == base::RingKind::kConjugateInvariant) {
        pass(job.out, n, 1, 1, plan_.pass[0]);
        unfold_and_scale<V>(tables_, p_, job.out);
      } else if (layers == 2) {
        last_pass<2>(job.out);
      } else {
        last_pass<3>(job.out);
      }
    }
  }

 private:
  using Vec = typename V::Vec;
  static constexpr std::size_t kLanes = V::kLanes;
  static constexpr std::size_t kCacheBlock = std::size_t{1} << 10;

  /// Passes from the leaves to `depth`, of the block that ForwardNtt::tree describes.
  void tree(std::size_t offset, std::size_t size, std::size_t place, std::size_t depth) const {
    const Pass& last = plan_.pass[depth];
    if (size > kCacheBlock) {
      const std::size_t part = size >> last.layers;
      for (std::size_t j = 0; j < std::size_t{1} << last.layers; ++j) {
        tree(offset + j * part, part, (place << last.layers) + j, depth + 1);
      }
      for (const NttJob& job : jobs_) pass(job.out + offset, size, place, 1, last);
      return;
    }
    for (const NttJob& job : jobs_) {
      std::size_t width = kLanes, count = size / kLanes;
      leaves(job.in + offset, job.out + offset, place * count, count);
      for (std::size_t d = plan_.count - 1; d-- > depth;) {
        width <<= plan_.pass[d].layers;
        count >>= plan_.pass[d].layers;
        pass(job.out + offset, width, place * count, count, plan_.pass[d]);
      }
    }
  }

  /// Multiples of q that bound the operands of the layers of a pass, first layer first.
  template <std::size_t kLayers>
  void set_shifts(Vec (&shift)[kLayers], const Pass& how) const {
    for (std::size_t l = 0; l < kLayers; ++l) {
      shift[l] = V::set1((how.reduce == Reduce::kEvery ? 2 : how.reach << l) * p_.value);
    }
  }

  void pass(std::uint64_t* a, std::size_t size, std::size_t place, std::size_t count,
            const Pass& how) const {
    const auto run_as = [&]<Reduce kReduce>() {
      if (how.layers == 2) {
        blocks<2, kReduce>(a, size, place, count, how);
      } else {
        blocks<3, kReduce>(a, size, place, count, how);
      }
    };
    if (how.reduce == Reduce::kNever) return run_as.template operator()<Reduce::kNever>();
    if (how.reduce == Reduce::kOnce) return run_as.template operator()<Reduce::kOnce>();
    run_as.template operator()<Reduce::kEvery>();
  }

  template <unsigned kLayers, Reduce kReduce>
  void blocks(std::uint64_t* a, std::size_t size, std::size_t place, std::size_t count,
              const Pass& how) const {
    constexpr std::size_t kRadix = std::size_t{1} << kLayers;
    const Prime<V> p = p_;
    const Reduction<V> reduce = reduction_;
    const Factor<V> one = one_;
    Vec shift[kLayers];
    set_shifts(shift, how);
    const std::size_t t = size / kRadix;
    for (std::size_t b = 0; b < count; ++b, a += size) {
      Factor<V> w[kRadix];
      twiddles_.load_tree(w, place + b);
      for (std::size_t k = 0; k < t; k += kLanes) {
        Vec x[kRadix];
        unroll<kRadix>([&](auto i) { x[i] = V::load(a + k + i * t); });
        inner_layers<kReduce>(x, w, shift, reduce, p);
        layer<1, kReduce>(x, w, shift[kLayers - 1], reduce, p);
        if constexpr (kReduce == Reduce::kOnce) {
          // The rest are products of the last layer.
          unroll<kRadix / 2>([&](auto i) { x[i] = reduce_twice<V>(x[i], one, p); });
        }
        unroll<kRadix>([&](auto i) { V::store(a + k + i * t, x[i]); });
      }
    }
  }

  /// One layer of kBlocks blocks.
  template <std::size_t kBlocks, Reduce kReduce, std::size_t kRadix>
  SERDAB_INLINE static void layer(Vec (&x)[kRadix], const Factor<V> (&w)[kRadix], Vec shift,
                                  const Reduction<V>& reduce, const Prime<V>& p) {
    constexpr std::size_t kHalf = kRadix / 2 / kBlocks;
    unroll<kRadix / 2>([&](auto i) SERDAB_INLINE {
      constexpr std::size_t kBlock = i / kHalf;
      constexpr std::size_t kUpper = i + kBlock * kHalf;
      Vec& upper = x[kUpper];
      Vec& lower = x[kUpper + kHalf];
      SERDAB_ASSERT(kReduce != Reduce::kEvery || (low_bits_below<V>(upper, 2 * p.value) &&
                                                  low_bits_below<V>(lower, 2 * p.value)));
      inverse_butterfly<V>(upper, lower, w[kBlocks + kBlock], shift, p);
      if constexpr (kReduce == Reduce::kEvery) upper = reduce(upper);
    });
  }
  /// All layers of a pass but the last.
  template <Reduce kReduce, std::size_t kRadix, std::size_t kLayers>
  SERDAB_INLINE static void inner_layers(Vec (&x)[kRadix], const Factor<V> (&w)[kRadix],
                                         const Vec (&shift)[kLayers], const Reduction<V>& reduce,
                                         const Prime<V>& p) {
    layer<kRadix / 2, kReduce>(x, w, shift[0], reduce, p);
    if constexpr (kRadix == 8) layer<2, kReduce>(x, w, shift[1], reduce, p);
  }

  template <unsigned kLayers>
  void last_pass(std::uint64_t* a) const {
    if (plan_.pass[0].reduce == Reduce::kEvery) {
      last_blocks<kLayers, Reduce::kEvery>(a);
    } else {
      last_blocks<kLayers, Reduce::kNever>(a);
    }
  }

  /// The butterfly at the root has 1/N in both factors.
  template <unsigned kLayers, Reduce kReduce>
  void last_blocks(std::uint64_t* a) const {
    constexpr std::size_t kRadix = std::size_t{1} << kLayers;
    const Prime<V> p = p_;
    const Reduction<V> reduce = reduction_;
    const Factor<V> scale = scale_, scale_times = scale_times_;
    Vec shift[kLayers];
    set_shifts(shift, plan_.pass[0]);
    Factor<V> w[kRadix];
    twiddles_.load_tree(w, 1);
    const std::size_t t = tables_.n() / kRadix;
    for (std::size_t k = 0; k < t; k += kLanes) {
      Vec x[kRadix];
      unroll<kRadix>([&](auto i) { x[i] = V::load(a + k + i * t); });
      inner_layers<kReduce>(x, w, shift, reduce, p);
      unroll<kRadix / 2>([&](auto i) {
        const Vec upper = x[i], lower = x[i + kRadix / 2];
        const Vec difference = V::sub(V::add(upper, shift[kLayers - 1]), lower);
        V::store(a + k + i * t, subtract_once<V>(product<V>(V::add(upper, lower), scale, p), p.q));
        V::store(a + k + (i + kRadix / 2) * t,
                 subtract_once<V>(product<V>(difference, scale_times, p), p.q));
      });
    }
  }

  void leaves(const std::uint64_t* in, std::uint64_t* out, std::size_t place,
              std::size_t count) const {
    const Pass& how = plan_.pass[plan_.count - 1];
    Vec shift[kLeafLayers];
    set_shifts(shift, how);
    const auto run_as = [&]<Reduce kReduce>() {
      Leaves<V>::template inverse<kReduce>(p_, reduction_, one_, shift, twiddles_, in, out, place,
                                           count);
    };
    if (how.reduce == Reduce::kNever) return run_as.template operator()<Reduce::kNever>();
    if (how.reduce == Reduce::kOnce) return run_as.template operator()<Reduce::kOnce>();
    run_as.template operator()<Reduce::kEvery>();
  }

  const NttTables& tables_;
  std::span<const NttJob> jobs_;
  Prime<V> p_;
  Factor<V> one_;
  Reduction<V> reduction_;
  Twiddles twiddles_;
  Plan plan_;
  Factor<V> scale_, scale_times_;
};

}  // namespace serdab::kernels::avx512ifma
