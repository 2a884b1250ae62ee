// Microseconds per operation at secure sizes, both rings, one thread: bench_ckks_secret.
#include <benchmark/benchmark.h>

#include <map>

#include "engine/base/threads.h"
#include "engine/ckks/encryptor.h"
#include "engine/ckks_secret/internal/test_bench.h"

namespace serdab::ckks_secret {
namespace {

using namespace testing_only;

constexpr Scale kScale{0x1p40};

/// Chains that 128 bits allow: 3+1 primes at 2^13, 7+2 at 2^14, 14+4 at 2^15.
ckks_params::ParametersLiteral sized(RingKind ring, unsigned log_n) {
  switch (log_n) {
    case 13:
      return chain(ring, log_n, 3, 1);
    case 14:
      return chain(ring, log_n, 7, 2);
    default:
      return chain(ring, log_n, 14, 4);
  }
}

struct Setup {
  explicit Setup(const ckks_params::ParametersLiteral& literal)
      : bench(ckks_params::Parameters::create(literal)),
        top(bench.context.max_level()),
        plain(bench.encode(bench.random_values(1), top, kScale)),
        a(bench.encryptor.encrypt(plain, bench.prng)),
        b(bench.encryptor.encrypt(plain, bench.prng)),
        relin(bench.relinearisation_key(top)),
        galois(bench.rotation_keys({1, 2, 3, 4, 5, 6, 7, 8}, top)),
        public_encryptor(bench.context, bench.keys.public_key()) {}
  Bench bench;
  Level top;
  ckks::Plaintext plain;
  Ciphertext a, b;
  ckks::RelinearisationKey relin;
  ckks::GaloisKeys galois;
  ckks::Encryptor public_encryptor;
};

Setup& setup(RingKind ring, unsigned log_n) {
  static std::map<std::pair<int, unsigned>, std::unique_ptr<Setup>> made;
  auto& entry = made[{static_cast<int>(ring), log_n}];
  if (!entry) entry = std::make_unique<Setup>(sized(ring, log_n));
  return *entry;
}

template <typename Operation>
void measure(benchmark::State& state, Operation operation) {
  Setup& s = setup(static_cast<RingKind>(state.range(1)), static_cast<unsigned>(state.range(0)));
  const base::ThreadLimit limit(1);
  for (auto _ : state) operation(s);
}

void encode(benchmark::State& state) {
  const auto values =
      setup(static_cast<RingKind>(state.range(1)), static_cast<unsigned>(state.range(0)))
          .bench.random_values(1);
  measure(state,
          [&](Setup& s) { benchmark::DoNotOptimize(s.bench.encode(values, s.top, kScale)); });
}
void encrypt_symmetric(benchmark::State& state) {
  measure(state, [](Setup& s) { s.bench.encryptor.encrypt(s.plain, s.bench.prng); });
}
void encrypt_public(benchmark::State& state) {
  measure(state, [](Setup& s) { s.public_encryptor.encrypt(s.plain, s.bench.prng); });
}
void decrypt(benchmark::State& state) {
  measure(state, [](Setup& s) { benchmark::DoNotOptimize(s.bench.decryptor.decrypt(s.a)); });
}
void decode(benchmark::State& state) {
  measure(state, [](Setup& s) { benchmark::DoNotOptimize(s.bench.encoder.decode(s.plain)); });
}
void add_inplace(benchmark::State& state) {
  Ciphertext c =
      setup(static_cast<RingKind>(state.range(1)), static_cast<unsigned>(state.range(0))).a.clone();
  measure(state, [&](Setup& s) { s.bench.evaluator.add_inplace(c, s.b); });
}
void multiply_plain(benchmark::State& state) {
  measure(state, [](Setup& s) {
    Ciphertext c = s.a.clone();
    s.bench.evaluator.multiply_plain(c, s.plain);
  });
}
void multiply(benchmark::State& state) {
  measure(state, [](Setup& s) { s.bench.evaluator.multiply(s.a, s.b); });
}
void square(benchmark::State& state) {
  measure(state, [](Setup& s) { s.bench.evaluator.square(s.a); });
}
void square_relinearise(benchmark::State& state) {
  measure(state, [](Setup& s) {
    Ciphertext c = s.bench.evaluator.square(s.a);
    s.bench.evaluator.relinearise(c, s.relin);
  });
}
void square_relinearise_rescale(benchmark::State& state) {
  measure(state, [](Setup& s) {
    Ciphertext c = s.bench.evaluator.square(s.a);
    s.bench.evaluator.relinearise_rescale(c, s.relin);
  });
}
void rescale(benchmark::State& state) {
  measure(state, [](Setup& s) {
    Ciphertext c = s.a.clone();
    s.bench.evaluator.rescale(c);
  });
}
void rotate(benchmark::State& state) {
  measure(state, [](Setup& s) { s.bench.evaluator.rotate(s.a, 1, s.galois); });
}
void rotate_hoisted_8(benchmark::State& state) {
  const long steps[] = {1, 2, 3, 4, 5, 6, 7, 8};
  measure(state, [&](Setup& s) { s.bench.evaluator.rotate_hoisted(s.a, steps, s.galois); });
}
void expand_relinearisation_key(benchmark::State& state) {
  Setup& s = setup(static_cast<RingKind>(state.range(1)), static_cast<unsigned>(state.range(0)));
  for (auto _ : state) {
    state.PauseTiming();
    auto seeded = s.bench.keys.relinearisation_key(s.top);
    state.ResumeTiming();
    ckks::SwitchingKey(s.bench.context, std::move(seeded));
  }
}

void sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"log_n", "real"})
      ->ArgsProduct({{13, 14, 15}, {0, 1}})
      ->Unit(benchmark::kMicrosecond);
}
BENCHMARK(encode)->Apply(sizes);
BENCHMARK(encrypt_symmetric)->Apply(sizes);
BENCHMARK(encrypt_public)->Apply(sizes);
BENCHMARK(decrypt)->Apply(sizes);
BENCHMARK(decode)->Apply(sizes);
BENCHMARK(add_inplace)->Apply(sizes);
BENCHMARK(multiply_plain)->Apply(sizes);
BENCHMARK(multiply)->Apply(sizes);
BENCHMARK(square)->Apply(sizes);
BENCHMARK(square_relinearise)->Apply(sizes);
BENCHMARK(square_relinearise_rescale)->Apply(sizes);
BENCHMARK(rescale)->Apply(sizes);
BENCHMARK(rotate)->Apply(sizes);
BENCHMARK(rotate_hoisted_8)->Apply(sizes);
BENCHMARK(expand_relinearisation_key)->Apply(sizes);

}  // namespace
}  // namespace serdab::ckks_secret
