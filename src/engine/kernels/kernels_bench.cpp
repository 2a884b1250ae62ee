#include "engine/kernels/kernels.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/kernels/testing.h"

// Every operation of every table this machine runs. The cycles_* counters are processor time by the
// core's clock, which is measured at the start: time-stamp counters tick at a nominal rate, and
// wall time counts what other programs take.
namespace serdab::kernels {
namespace {

using base::RingKind;
using testing::pointers;
using testing::test_words;
using testing::Words;

/// Runs `body` in the benchmark's loop and reports cycles per unit of work.
template <typename Body>
void measure(benchmark::State& state, double units, const char* counter, Body&& body) {
  static const double rate = base::clock_rate();
  const double begin = base::thread_seconds();
  for (auto _ : state) {
    body();
    benchmark::ClobberMemory();
  }
  const double seconds = base::thread_seconds() - begin;
  state.counters[counter] = seconds * rate / (units * static_cast<double>(state.iterations()));
}

void ntt(benchmark::State& state, const KernelTable* table, RingKind ring, bool inverse) {
  const auto log_n = static_cast<unsigned>(state.range(0));
  const auto bits = static_cast<double>(state.range(1));
  const NttTables tables(testing::ntt_prime(bits, ring, log_n), ring, log_n);
  Words a = test_words(tables.modulus().value(), tables.n(), 1);
  const auto transform = inverse ? table->ntt_inverse : table->ntt_forward;
  const NttJob job{.in = a.data(), .out = a.data()};
  const double butterflies = static_cast<double>(tables.n() / 2 * log_n);
  measure(state, butterflies / 8, "cycles_per_8_butterflies", [&] {
    transform(tables, {&job, 1});
  });
}

/// One polynomial for each of 32 primes in turn: every transform finds other twiddles than the last
/// one left in the cache.
void ntt_primes(benchmark::State& state, const KernelTable* table, bool inverse) {
  constexpr std::size_t kPrimes = 32;
  const auto log_n = static_cast<unsigned>(state.range(0));
  std::vector<std::unique_ptr<NttTables>> tables;
  std::vector<Words> polynomials;
  for (const std::uint64_t q : arith::find_ntt_primes(49, std::uint64_t{2} << log_n, kPrimes)) {
    tables.push_back(std::make_unique<NttTables>(Modulus(q), RingKind::kStandard, log_n));
    polynomials.push_back(test_words(q, tables.back()->n(), 1));
  }
  const auto transform = inverse ? table->ntt_inverse : table->ntt_forward;
  const double butterflies = static_cast<double>((log_n << log_n) / 2 * kPrimes);
  measure(state, butterflies / 8, "cycles_per_8_butterflies", [&] {
    for (std::size_t i = 0; i < kPrimes; ++i) {
      const NttJob job{.in = polynomials[i].data(), .out = polynomials[i].data()};
      transform(*tables[i], {&job, 1});
    }
  });
}

/// The forward transform within a division: from another prime, and (b − NTT(a))·w at the end.
void ntt_division(benchmark::State& state, const KernelTable* table) {
  const auto log_n = static_cast<unsigned>(state.range(0));
  const auto primes = arith::find_ntt_primes(50, std::uint64_t{2} << log_n, 2);
  const Modulus source(primes[1]);
  const NttTables tables(Modulus(primes[0]), RingKind::kStandard, log_n);
  const Words a = test_words(source.value(), tables.n(), 1);
  Words b = test_words(primes[0], tables.n(), 2);
  const NttJob job{.in = a.data(),
                   .out = b.data(),
                   .source = &source,
                   .minuend = b.data(),
                   .factor = primes[0] / 3};
  const double butterflies = static_cast<double>((log_n << log_n) / 2);
  measure(state, butterflies / 8, "cycles_per_8_butterflies", [&] {
    table->ntt_forward(tables, {&job, 1});
  });
}

constexpr std::size_t kN = std::size_t{1} << 13;

/// `blocks` blocks of the same matrix on windows of common inputs, each `step` inputs further.
void gemm(benchmark::State& state, const KernelTable* table) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const auto cols = static_cast<std::size_t>(state.range(1));
  const Modulus q =
      testing::ntt_prime(static_cast<double>(state.range(2)), RingKind::kStandard, 13);
  const auto count = static_cast<std::size_t>(state.range(3));
  const auto step = static_cast<std::size_t>(state.range(4));
  std::mt19937_64 random(3);
  std::vector<std::int32_t> weights(rows * cols);
  for (auto& w : weights) w = static_cast<std::int32_t>(random() % 512) - 256;
  std::vector<Words> in, out;
  const std::size_t inputs = cols + (count - 1) * step;
  for (std::size_t k = 0; k < inputs; ++k) in.push_back(test_words(q.value(), kN, k));
  for (std::size_t r = 0; r < count * rows; ++r) out.emplace_back(kN);
  const auto pin = pointers(std::as_const(in));
  std::vector<std::uint32_t> columns(inputs);
  for (std::size_t k = 0; k < inputs; ++k) columns[k] = static_cast<std::uint32_t>(k);
  std::vector<GemmRow> targets;
  for (Words& words : out) targets.push_back({words.data(), 5, false});
  std::vector<GemmBlock> blocks;
  for (std::size_t b = 0; b < count; ++b) {
    blocks.push_back(
        {rows, cols, weights.data(), columns.data() + b * step, targets.data() + b * rows});
  }
  const double products = static_cast<double>(count * rows * cols * kN);
  measure(state, products / 8, "cycles_per_8_products", [&] {
    table->gemm(q, {inputs, pin.data(), count, blocks.data()}, kN);
  });
}

void inner_product(benchmark::State& state, const KernelTable* table) {
  const auto digits = static_cast<std::size_t>(state.range(0));
  const Modulus q = testing::ntt_prime(50, RingKind::kStandard, 13);
  std::vector<Words> d, k0, k1;
  for (std::size_t j = 0; j < digits; ++j) {
    d.push_back(test_words(q.value(), kN, j));
    k0.push_back(test_words(q.value(), kN, j + 50));
    k1.push_back(test_words(q.value(), kN, j + 90));
  }
  const auto pd = pointers(std::as_const(d));
  const auto p0 = pointers(std::as_const(k0));
  const auto p1 = pointers(std::as_const(k1));
  Words out0(kN), out1(kN);
  InnerProduct sums;
  sums.digits = digits;
  sums.d = pd.data();
  sums.k0 = p0.data();
  sums.k1 = p1.data();
  sums.out0 = out0.data();
  sums.out1 = out1.data();
  measure(state, static_cast<double>(2 * digits * kN) / 8, "cycles_per_8_products",
          [&] { table->inner_product(q, sums, kN); });
}

void change_basis(benchmark::State& state, const KernelTable* table) {
  const auto sources = static_cast<std::size_t>(state.range(0));
  const auto targets = static_cast<std::size_t>(state.range(1));
  const auto primes = arith::find_ntt_primes(50, 1 << 14, sources + targets);
  std::vector<Modulus> moduli;
  for (const std::uint64_t q : primes) moduli.emplace_back(q);
  std::vector<const Modulus*> from;
  std::vector<Words> in, out;
  for (std::size_t i = 0; i < sources; ++i) {
    from.push_back(&moduli[i]);
    in.push_back(test_words(primes[i], kN, i));
  }
  for (std::size_t t = 0; t < targets; ++t) out.emplace_back(kN);
  // Any constants cost the same.
  const Words constants = test_words(primes.back() - (1 << 20), sources * sources, 1);
  std::vector<BasisTarget> wanted;
  for (std::size_t t = 0; t < targets; ++t) {
    wanted.push_back({&moduli[sources + t], constants.data(), 5, out[t].data()});
  }
  const auto pin = pointers(std::as_const(in));
  measure(state, static_cast<double>(targets * kN) / 8, "cycles_per_8_results", [&] {
    table->change_basis({sources, from.data(), pin.data(), constants.data(), constants.data(),
                         targets, wanted.data()},
                        kN);
  });
}

void permute(benchmark::State& state, const KernelTable* table, bool add) {
  const Modulus q = testing::ntt_prime(50, RingKind::kStandard, 13);
  std::uint64_t lanes[8][8];
  for (std::uint64_t p = 0; p < 8; ++p) {
    for (std::uint64_t l = 0; l < 8; ++l) lanes[p][l] = l ^ p;
  }
  std::vector<std::uint32_t> blocks(kN / 8);
  std::mt19937_64 random(3);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    blocks[i] = static_cast<std::uint32_t>(8 * (i * 429 % blocks.size()) + random() % 8);
  }
  const Permutation moves{blocks.data(), lanes};
  const Words a = test_words(q.value(), kN, 1), b = test_words(q.value(), kN, 2);
  Words out(kN);
  measure(state, static_cast<double>(kN) / 8, "cycles_per_8_values", [&] {
    if (add) {
      table->permute_add(q, moves, a.data(), b.data(), out.data(), kN);
    } else {
      table->permute(moves, a.data(), out.data(), kN);
    }
  });
}

template <typename Call>
void elementwise(benchmark::State& state, const KernelTable* table, Call call) {
  const Modulus q = testing::ntt_prime(50, RingKind::kStandard, 13);
  const Words a = test_words(q.value(), kN, 1);
  const Words b = test_words(q.value(), kN, 2);
  Words out = test_words(q.value(), kN, 3);
  measure(state, static_cast<double>(kN) / 8, "cycles_per_8_values",
          [&] { call(*table, q, a.data(), b.data(), out.data()); });
}

template <typename Call>
void add_elementwise(const std::string& name, const KernelTable* table, Call call) {
  benchmark::RegisterBenchmark((std::string(table->name) + "/" + name).c_str(),
                               [=](benchmark::State& state) { elementwise(state, table, call); });
}

void add_table(const KernelTable* table) {
  const std::string name(table->name);
  const auto add = [&](const std::string& what, auto body) {
    return benchmark::RegisterBenchmark((name + "/" + what).c_str(), body);
  };
  for (const bool inverse : {false, true}) {
    const std::string direction = inverse ? "ntt_inverse" : "ntt_forward";
    add(direction, [=](auto& s) { ntt(s, table, RingKind::kStandard, inverse); })
        ->ArgNames({"log_n", "bits"})
        ->ArgsProduct({{12, 13, 14, 15, 16}, {50}})
        ->ArgsProduct({{13, 14}, {40, 49}});
    add(direction + "_32_primes", [=](auto& s) { ntt_primes(s, table, inverse); })
        ->ArgName("log_n")
        ->DenseRange(13, 16);
    add(direction + "_invariant",
        [=](auto& s) { ntt(s, table, RingKind::kConjugateInvariant, inverse); })
        ->ArgNames({"log_n", "bits"})
        ->ArgsProduct({{13, 14}, {50}});
  }
  add("ntt_division", [=](auto& s) { ntt_division(s, table); })->ArgName("log_n")->Arg(13)->Arg(15);
  add("gemm", [=](auto& s) { gemm(s, table); })
      ->ArgNames({"rows", "cols", "bits", "blocks", "step"})
      ->ArgsProduct({{5, 50, 10}, {25, 125, 800}, {50}, {1}, {0}})
      ->Args({50, 25, 36, 1, 0})
      ->Args({5, 25, 34, 1, 0})
      ->Args({5, 25, 34, 4, 4})
      ->Args({10, 125, 34, 1, 0});
  add("inner_product", [=](auto& s) { inner_product(s, table); })->Arg(3)->Arg(8)->Arg(16);
  add("change_basis", [=](auto& s) { change_basis(s, table); })
      ->ArgNames({"sources", "targets"})
      ->ArgsProduct({{1, 2, 3, 4, 6}, {10}});
  add("permute", [=](auto& s) { permute(s, table, false); });
  add("permute_add", [=](auto& s) { permute(s, table, true); });
  using In = const std::uint64_t*;
  using Out = std::uint64_t*;
  add_elementwise("add", table, [](const KernelTable& k, const Modulus& q, In a, In b, Out out) {
    k.add(q, a, b, out, kN);
  });
  add_elementwise("multiply", table,
                  [](const KernelTable& k, const Modulus& q, In a, In b, Out out) {
                    k.multiply(q, a, b, out, kN);
                  });
  add_elementwise("multiply_add", table,
                  [](const KernelTable& k, const Modulus& q, In a, In b, Out out) {
                    k.multiply_add(q, a, b, out, kN);
                  });
  add_elementwise("multiply_scalar", table,
                  [](const KernelTable& k, const Modulus& q, In a, In b, Out out) {
                    k.multiply_scalar(q, a, b[5], out, kN);
                  });
  add_elementwise("reduce", table, [](const KernelTable& k, const Modulus& q, In a, In, Out out) {
    k.reduce(q, a, out, kN);
  });
}

const bool kRegistered = [] {
  for (const KernelTable* table : available_kernels()) add_table(table);
  return true;
}();

}  // namespace
}  // namespace serdab::kernels
