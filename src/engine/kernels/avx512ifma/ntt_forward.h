#pragma once

#include <span>

#include "engine/kernels/avx512ifma/fold_kernels.h"
#include "engine/kernels/avx512ifma/leaf_layers.h"
#include "engine/kernels/avx512ifma/source.h"
#include "engine/kernels/avx512ifma/unroll.h"
#include "engine/kernels/ntt_job.h"
#include "engine/kernels/ntt_tables.h"

namespace serdab::kernels::avx512ifma {

/// Cooley–Tukey, three layers at a time in registers, depth first, all jobs of a call through one
/// part of the tree before the next. Butterflies do not reduce (butterfly.h); the plan says where
/// values are (ntt_plan.h). The first pass reads the input in whatever form it has, the last writes
/// words, or the end of a division.
template <typename V>
class ForwardNtt {
 public:
  ForwardNtt(const NttTables& tables, std::span<const NttJob> jobs)
      : tables_(tables),
        jobs_(jobs),
        work_(jobs, tables.n()),
        p_(tables.modulus()),
        one_(make_factor<V>(1, p_.value)),
        reduction_(p_.value, kForwardShift),
        twiddles_{tables.forward(), tables.forward_ratio()},
        plan_(plan_forward(p_.value, tables.log_n())) {}

  void run() {
    const std::size_t n = tables_.n();
    for (const NttJob& job : jobs_) first_pass(job);
    const unsigned layers = plan_.pass[0].layers;
    for (std::size_t j = 0; j < std::size_t{1} << layers; ++j) {
      tree(j * (n >> layers), n >> layers, (std::size_t{1} << layers) + j, 1);
    }
  }

 private:
  using Vec = typename V::Vec;
  static constexpr std::size_t kLanes = V::kLanes;
  /// Blocks up to this many words (8 KiB) are finished layer by layer.
  static constexpr std::size_t kCacheBlock = std::size_t{1} << 10;

  void first_pass(const NttJob& job) {
    std::uint64_t* a = work_.of(job);
    if (tables_.ring() == base::RingKind::kConjugateInvariant) {
      if (job.source != nullptr) {
        fold<V>(tables_, p_, FromPrime<V>(*job.source, p_.value), job.in, a);
      } else {
        fold<V>(tables_, p_, FromWords<V>(), job.in, a);
      }
      pass(FromWords<V>(), a, a, tables_.n(), 1, 1, plan_.pass[0]);
    } else if (job.source != nullptr) {
      pass(FromPrime<V>(*job.source, p_.value), job.in, a, tables_.n(), 1, 1, plan_.pass[0]);
    } else {
      pass(FromWords<V>(), job.in, a, tables_.n(), 1, 1, plan_.pass[0]);
    }
  }

  /// Passes from `depth` on over the block of `size` words at `offset`, node `place` of the tree.
  void tree(std::size_t offset, std::size_t size, std::size_t place, std::size_t depth) {
    const Pass& next = plan_.pass[depth];
    if (size > kCacheBlock) {
      for (const NttJob& job : jobs_) {
        std::uint64_t* a = work_.of(job) + offset;
        pass(FromWords<V>(), a, a, size, place, 1, next);
      }
      const std::size_t part = size >> next.layers;
      for (std::size_t j = 0; j < std::size_t{1} << next.layers; ++j) {
        tree(offset + j * part, part, (place << next.layers) + j, depth + 1);
      }
      return;
    }
    for (const NttJob& job : jobs_) {
      std::uint64_t* a = work_.of(job) + offset;
      std::size_t width = size, count = 1;
      for (std::size_t d = depth; d + 1 < plan_.count; ++d) {
        pass(FromWords<V>(), a, a, width, place * count, count, plan_.pass[d]);
        width >>= plan_.pass[d].layers;
        count <<= plan_.pass[d].layers;
      }
      leaves(job, a, offset, place * count, count);
    }
  }

  template <typename Load>
  void pass(const Load& load, const std::uint64_t* in, std::uint64_t* out, std::size_t size,
            std::size_t place, std::size_t count, const Pass& how) const {
    const Reduction<V> reduce = reduction_.with_offset(how.reach * p_.value);
    const auto run_as = [&]<Reduce kReduce>() {
      if (how.layers == 2) {
        blocks<2, kReduce>(load, reduce, in, out, size, place, count);
      } else {
        blocks<3, kReduce>(load, reduce, in, out, size, place, count);
      }
    };
    if (how.reduce == Reduce::kNever) return run_as.template operator()<Reduce::kNever>();
    if (how.reduce == Reduce::kOnce) return run_as.template operator()<Reduce::kOnce>();
    run_as.template operator()<Reduce::kEvery>();
  }

  /// `count` blocks from node `place`, kLayers layers of each.
  template <unsigned kLayers, Reduce kReduce, typename Load>
  void blocks(const Load& load_as, const Reduction<V>& reduction, const std::uint64_t* in,
              std::uint64_t* out, std::size_t size, std::size_t place, std::size_t count) const {
    constexpr std::size_t kRadix = std::size_t{1} << kLayers;
    const Prime<V> p = p_;
    const Load load = load_as;
    const Reduction<V> reduce = reduction;
    const std::size_t t = size / kRadix;
    for (std::size_t b = 0; b < count; ++b, in += size, out += size) {
      Factor<V> w[kRadix];
      twiddles_.load_tree(w, place + b);
      for (std::size_t k = 0; k < t; k += kLanes) {
        Vec x[kRadix];
        unroll<kRadix>([&](auto i) { x[i] = load(in + k + i * t); });
        layer<1, kReduce>(x, w, reduce, p);
        layer<2, every_layer(kReduce)>(x, w, reduce, p);
        if constexpr (kRadix == 8) layer<4, every_layer(kReduce)>(x, w, reduce, p);
        unroll<kRadix>([&](auto i) { V::store(out + k + i * t, x[i]); });
      }
    }
  }

  static constexpr Reduce every_layer(Reduce reduce) {
    return reduce == Reduce::kEvery ? reduce : Reduce::kNever;
  }

  /// One layer of kBlocks blocks.
  template <std::size_t kBlocks, Reduce kReduce, std::size_t kRadix>
  SERDAB_INLINE static void layer(Vec (&x)[kRadix], const Factor<V> (&w)[kRadix],
                                  const Reduction<V>& reduce, const Prime<V>& p) {
    constexpr std::size_t kHalf = kRadix / 2 / kBlocks;
    unroll<kRadix / 2>([&](auto i) SERDAB_INLINE {
      constexpr std::size_t kBlock = i / kHalf;
      constexpr std::size_t kUpper = i + kBlock * kHalf;
      Vec& upper = x[kUpper];
      Vec& lower = x[kUpper + kHalf];
      if constexpr (kReduce != Reduce::kNever) upper = reduce(upper);
      forward_butterfly<V>(upper, lower, w[kBlocks + kBlock], p);
      SERDAB_ASSERT(kReduce != Reduce::kEvery ||
                    (low_bits_below<V>(upper, 3 * p.value + kInterval) &&
                     low_bits_below<V>(lower, 3 * p.value + kInterval)));
    });
  }
  static constexpr std::uint64_t kInterval = std::uint64_t{1} << kForwardShift;

  void leaves(const NttJob& job, const std::uint64_t* a, std::size_t offset, std::size_t place,
              std::size_t count) const {
    const Prime<V> p = p_;
    std::uint64_t* out = job.out + offset;
    if (job.minuend == nullptr) {
      const Factor<V> one = one_;
      return leaves_to(a, place, count, [=](std::size_t k, Vec x) {
        V::store(out + k, reduce_fully<V>(x, one, p));
      });
    }
    // Reduced values are below q + 2^49; `above` is the next multiple of q, and the difference
    // stays below 3q + 2^49 < 2^52.
    const Reduction<V> reduce = reduction_;
    const Vec above = V::set1(((kInterval - 1) / p_.value + 2) * p_.value);
    const Factor<V> factor = make_factor<V>(job.factor, p_.value);
    const std::uint64_t* minuend = job.minuend + offset;
    leaves_to(a, place, count, [=](std::size_t k, Vec x) {
      const Vec difference = V::sub(V::add(V::load(minuend + k), above), reduce(x));
      V::store(out + k, subtract_once<V>(product<V>(difference, factor, p), p.q));
    });
  }

  template <typename Store>
  void leaves_to(const std::uint64_t* a, std::size_t place, std::size_t count,
                 const Store& store) const {
    const Pass& how = plan_.pass[plan_.count - 1];
    const Reduction<V> reduce = reduction_.with_offset(how.reach * p_.value);
    const auto run_as = [&]<Reduce kReduce>() {
      Leaves<V>::template forward<kReduce>(p_, reduce, twiddles_, a, place, count, store);
    };
    if (how.reduce == Reduce::kNever) return run_as.template operator()<Reduce::kNever>();
    if (how.reduce == Reduce::kOnce) return run_as.template operator()<Reduce::kOnce>();
    run_as.template operator()<Reduce::kEvery>();
  }

  const NttTables& tables_;
  std::span<const NttJob> jobs_;
  NttWork work_;
  Prime<V> p_;
  Factor<V> one_;
  Reduction<V> reduction_;
  Twiddles twiddles_;
  Plan plan_;
};

}  // namespace serdab::kernels::avx512ifma
