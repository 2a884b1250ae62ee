// From values to ciphertexts and back, at the four sets that docs/notes/performance.md compares,
// one thread, processor time: bench_ckks_secret --benchmark_filter='^messages'.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <memory>

#include "engine/base/threads.h"
#include "engine/ckks_secret/internal/test_bench.h"

namespace serdab::ckks_secret {
namespace {

using namespace testing_only;

constexpr Scale kScale{0x1p40};

/// log Q 140, 340, 580 and 1220, all within the 128-bit table.
ckks_params::ParametersLiteral sized(RingKind ring, unsigned log_n) {
  struct Set {
    std::size_t primes;
    double bits;
    unsigned special;
  };
  constexpr Set kSets[] = {{3, 46.6, 1}, {7, 48.5, 1}, {12, 48.3, 4}, {25, 48.8, 7}};
  const Set& set = kSets[log_n - 13];
  ckks_params::ParametersLiteral literal;
  literal.ring = ring;
  literal.log_n = log_n;
  literal.q = ckks_params::choose_primes(ring, log_n, std::vector<double>(set.primes, set.bits));
  literal.p =
      ckks_params::choose_primes(ring, log_n, std::vector<double>(set.special, 49.5), literal.q);
  literal.digit_primes = set.special;
  return literal;
}

Bench& bench(const benchmark::State& state) {
  static std::map<std::pair<std::int64_t, std::int64_t>, std::unique_ptr<Bench>> made;
  auto& entry = made[{state.range(0), state.range(1)}];
  if (!entry) {
    entry = std::make_unique<Bench>(ckks_params::Parameters::create(
        sized(static_cast<RingKind>(state.range(1)), static_cast<unsigned>(state.range(0)))));
  }
  return *entry;
}

template <typename Operation>
void measure(benchmark::State& state, Operation operation) {
  const base::ThreadLimit limit(1);
  operation();
  for (auto _ : state) operation();
}

void encode(benchmark::State& state) {
  Bench& b = bench(state);
  const Values values = b.random_values(1);
  std::vector<double> real(values.size());
  std::transform(values.begin(), values.end(), real.begin(), [](Complex z) { return z.real(); });
  const Level top = b.context.max_level();
  measure(state, [&] {
    benchmark::DoNotOptimize(b.complex() ? b.encoder.encode(values, top, kScale)
                                         : b.encoder.encode(real, top, kScale));
  });
}

void encrypt(benchmark::State& state) {
  Bench& b = bench(state);
  const ckks::Plaintext plain = b.encode(b.random_values(1), b.context.max_level(), kScale);
  measure(state, [&] { benchmark::DoNotOptimize(b.encryptor.encrypt(plain, b.prng)); });
}

void encrypt_seeded(benchmark::State& state) {
  Bench& b = bench(state);
  const ckks::Plaintext plain = b.encode(b.random_values(1), b.context.max_level(), kScale);
  measure(state, [&] { benchmark::DoNotOptimize(b.encryptor.encrypt_seeded(plain, b.prng)); });
}

void decrypt_at(benchmark::State& state, Level level) {
  Bench& b = bench(state);
  const Ciphertext ciphertext = b.encrypt(b.random_values(1), level, kScale);
  measure(state, [&] { benchmark::DoNotOptimize(b.decryptor.decrypt(ciphertext)); });
}
void decrypt(benchmark::State& state) { decrypt_at(state, bench(state).context.max_level()); }

void decrypt_decode_at(benchmark::State& state, Level level) {
  Bench& b = bench(state);
  const Ciphertext ciphertext = b.encrypt(b.random_values(1), level, kScale);
  measure(state, [&] {
    ckks::Plaintext plain = b.decryptor.decrypt(ciphertext);
    if (b.complex()) {
      benchmark::DoNotOptimize(b.encoder.decode(std::move(plain)));
    } else {
      benchmark::DoNotOptimize(b.encoder.decode_real(std::move(plain)));
    }
  });
}
void decrypt_decode(benchmark::State& state) {
  decrypt_decode_at(state, bench(state).context.max_level());
}
/// What servers answer.
void decrypt_decode_level_1(benchmark::State& state) { decrypt_decode_at(state, Level{1}); }

double least(const std::vector<double>& times) {
  return *std::min_element(times.begin(), times.end());
}

void sets(benchmark::internal::Benchmark* b) {
  b->ArgNames({"log_n", "real"})
      ->ArgsProduct({{13, 14, 15, 16}, {0, 1}})
      ->Unit(benchmark::kMillisecond)
      ->MinTime(0.02)
      ->Repetitions(15)
      ->ComputeStatistics("min", least)
      ->ReportAggregatesOnly();
}
BENCHMARK(encode)->Name("messages/encode")->Apply(sets);
BENCHMARK(encrypt)->Name("messages/encrypt")->Apply(sets);
BENCHMARK(encrypt_seeded)->Name("messages/encrypt_seeded")->Apply(sets);
BENCHMARK(decrypt)->Name("messages/decrypt")->Apply(sets);
BENCHMARK(decrypt_decode)->Name("messages/decrypt_decode")->Apply(sets);
BENCHMARK(decrypt_decode_level_1)->Name("messages/decrypt_decode_level_1")->Apply(sets);

}  // namespace
}  // namespace serdab::ckks_secret
