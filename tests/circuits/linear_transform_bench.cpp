// A linear transform and each of its stages, at sizes that 128 bits allow, one thread:
// bench_circuits. What bounds them: docs/notes/linear-transforms.md.
#include <benchmark/benchmark.h>

#include <map>
#include <memory>

#include "engine/base/threads.h"
#include "engine/circuits/internal/operands.h"
#include "engine/circuits/polynomial.h"
#include "engine/ring/automorphism.h"
#include "transform_bench.h"

namespace serdab::circuits {
namespace {

using namespace testing_only;

constexpr Scale kScale{0x1p35};
constexpr Scale kWeights{0x1p15};

/// log Q 160 and log P 48 at 2^13; log Q 260, log P 50 at 2^14.
ckks_params::ParametersLiteral sized(RingKind ring, unsigned log_n) {
  const std::vector<double> sizes = log_n == 13 ? std::vector<double>{40, 40, 40, 40}
                                                : std::vector<double>{49.5, 42, 42, 42, 42, 42};
  ckks_params::ParametersLiteral literal;
  literal.ring = ring;
  literal.log_n = log_n;
  literal.q = ckks_params::choose_primes(ring, log_n, sizes);
  literal.p = ckks_params::choose_primes(ring, log_n, {log_n == 13 ? 48.0 : 49.5}, literal.q);
  literal.digit_primes = 1;
  return literal;
}

/// So many diagonals in babies and giants, more babies since a giant step costs some three of them.
TransformShape shape_of(std::uint32_t diagonals) {
  const std::uint32_t babies = diagonals == 400 ? 40 : 16;
  return dense(babies, diagonals / babies);
}

struct Setup {
  Setup(RingKind ring, unsigned log_n)
      : bench(ckks_params::Parameters::create(sized(ring, log_n))),
        top(bench.context.max_level()),
        x(bench.encrypt(bench.random_values(1), top, kScale)),
        decomposition(ckks::mod_up(bench.context, x.part(1), top)),
        relin(bench.relinearisation_key(top)) {
    for (const std::uint32_t diagonals : {64u, 128u, 400u}) {
      const TransformShape shape = shape_of(diagonals);
      for (const auto* rotations : {&shape.babies, &shape.giants}) {
        for (const Rotation& rotation : *rotations) {
          if (rotation.shift != 0) add_key(rotation.shift);
        }
      }
    }
  }
  void add_key(std::uint32_t shift) {
    const auto& parameters = bench.context.parameters();
    if (keys.contains(ring::rotation_element(parameters.ring(), parameters.log_n(), shift))) return;
    keys.add(ckks::GaloisKey(
        bench.context, ckks::SwitchingKey(bench.context, bench.keys.rotation_key(shift, top))));
  }
  const ckks::GaloisKey& key(long shift) const {
    const auto& parameters = bench.context.parameters();
    return keys.at(ring::rotation_element(parameters.ring(), parameters.log_n(), shift));
  }

  Bench bench;
  Level top;
  Ciphertext x;
  ckks::Decomposition decomposition;
  ckks::RelinearisationKey relin;
  ckks::GaloisKeys keys;
};

Setup& setup(const benchmark::State& state) {
  static std::map<std::pair<long, long>, std::unique_ptr<Setup>> made;
  auto& entry = made[{state.range(0), state.range(1)}];
  if (!entry) {
    entry = std::make_unique<Setup>(static_cast<RingKind>(state.range(1)),
                                    static_cast<unsigned>(state.range(0)));
  }
  return *entry;
}

template <typename Operation>
void measure(benchmark::State& state, Operation operation) {
  Setup& s = setup(state);
  const base::ThreadLimit limit(1);
  for (auto _ : state) operation(s);
}

void stage_decompose(benchmark::State& state) {
  measure(state, [](Setup& s) { ckks::mod_up(s.bench.context, s.x.part(1), s.top); });
}
void stage_lazy_rotation(benchmark::State& state) {
  const std::vector<std::uint32_t> shifts = {1, 2, 3, 4, 5, 6, 7};
  std::size_t i = 0;  // another key each time, as in a transform
  measure(state, [&](Setup& s) {
    s.bench.evaluator.apply_galois_lifted(s.x, s.decomposition, s.key(shifts[i++ % 7]));
  });
}
void stage_lower(benchmark::State& state, std::size_t primes) {
  Setup& s = setup(state);
  const base::ThreadLimit limit(1);
  const auto sum = s.bench.evaluator.apply_galois_lifted(s.x, s.decomposition, s.key(1));
  for (auto _ : state) {
    state.PauseTiming();
    ckks::LiftedCiphertext copy{sum.info, {sum.pair.b.clone(), sum.pair.a.clone()}};
    state.ResumeTiming();
    s.bench.evaluator.lower(std::move(copy), primes);
  }
}
void stage_mod_down(benchmark::State& state) { stage_lower(state, 0); }
void stage_mod_down_rescale(benchmark::State& state) { stage_lower(state, 1); }
void stage_giant_step(benchmark::State& state) {
  Setup& s = setup(state);
  const auto sum = s.bench.evaluator.apply_galois_lifted(s.x, s.decomposition, s.key(1));
  ckks::SwitchedPair total;
  measure(state, [&](Setup&) {
    ckks::switch_key_moved_add(s.bench.context, s.x.part(1), s.top, s.key(2), sum.pair.b, total);
  });
}
void stage_rescale(benchmark::State& state) {
  measure(state, [](Setup& s) {
    Ciphertext c = s.x.clone();
    s.bench.evaluator.rescale(c);
  });
}
void stage_relinearise(benchmark::State& state) {
  Ciphertext product = setup(state).bench.evaluator.square(setup(state).x);
  measure(state, [&](Setup& s) {
    Ciphertext c = product.clone();
    s.bench.evaluator.relinearise(c, s.relin);
  });
}

/// Products and sums alone: nanoseconds of a plaintext residue times both parts; bytes of
/// plaintexts a second.
void stage_products(benchmark::State& state) {
  Setup& s = setup(state);
  const base::ThreadLimit limit(1);
  const TransformShape shape = shape_of(static_cast<std::uint32_t>(state.range(2)));
  const internal::TransformPlan plan = internal::make_plan(shape, 0);
  OperationCounts ran;
  StageClock clock(nullptr);
  const Ciphertext* const inputs[] = {&s.x};
  const auto operands =
      internal::rotate_inputs(s.bench.evaluator, plan, inputs, s.keys, ran, clock);
  const ring::RnsBasis basis = s.bench.context.basis_qp(s.top);
  std::vector<double> slots(s.bench.context.slots());
  std::vector<ring::PackedPoly> plains;
  for (const internal::PlainSpec& spec : plan.plains) {
    random_diagonal(spec.id, slots);
    plains.emplace_back(basis, s.bench.encoder.encode_lifted(slots, s.top, kWeights).poly);
  }
  std::vector<ckks::SwitchedPair> sums(plan.sums.size());
  for (auto& sum : sums) {
    sum = {ckks::Poly(basis.n(), basis.size()), ckks::Poly(basis.n(), basis.size())};
  }
  for (auto _ : state) {
    internal::add_products(s.bench.context, s.top, plan.batches[0], operands, plains, sums);
  }
  const double residues =
      static_cast<double>(shape.terms.size() * basis.size() * basis.n()) * state.iterations();
  state.counters["pairs/s"] = benchmark::Counter(residues, benchmark::Counter::kIsRate);
  state.counters["plain B/s"] =
      benchmark::Counter(static_cast<double>(shape.terms.size() * ring::PackedPoly::bytes(basis)) *
                             static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate);
}

void transform(benchmark::State& state, bool expanded, std::size_t threads) {
  Setup& s = setup(state);
  const LinearTransform transform(s.bench.context, s.bench.encoder,
                                  shape_of(static_cast<std::uint32_t>(state.range(2))),
                                  random_diagonal, s.top, kWeights, expanded);
  const Ciphertext* const inputs[] = {&s.x};
  const base::ThreadLimit limit(threads);
  for (auto _ : state) transform.apply(s.bench.evaluator, inputs, s.keys, 1);
  state.counters["MiB"] = static_cast<double>(transform.bytes()) / (1 << 20);
}
void transform_expanded(benchmark::State& state) { transform(state, true, 1); }
void transform_expanded_2_threads(benchmark::State& state) { transform(state, true, 2); }
void transform_encoding(benchmark::State& state) { transform(state, false, 1); }

/// Chebyshev polynomials.
void polynomial(benchmark::State& state) {
  Polynomial p{PolynomialBasis::kChebyshev, {}, -1, 1};
  for (long i = 0; i <= state.range(2); ++i)
    p.coefficients.push_back(1.0 / static_cast<double>(i + 1));
  Setup& s = setup(state);
  const Scale scale{0x1p42};
  const Ciphertext x = s.bench.encrypt(s.bench.random_values(1), s.top, scale);
  const PolynomialEvaluation evaluation(s.bench.context, p, s.top, scale, scale);
  measure(state, [&](Setup&) { evaluation.apply(s.bench.evaluator, x, s.relin); });
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgsProduct({{13, 14}, {0, 1}})->Unit(benchmark::kMicrosecond);
}
void sizes_and_diagonals(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgsProduct({{13, 14}, {0}, {64, 128, 400}})->Unit(benchmark::kMillisecond);
}
void degrees(benchmark::internal::Benchmark* benchmark) {
  benchmark->Args({14, 0, 7})->Args({14, 0, 31})->Unit(benchmark::kMillisecond);
}

BENCHMARK(stage_decompose)->Apply(sizes);
BENCHMARK(stage_lazy_rotation)->Apply(sizes);
BENCHMARK(stage_giant_step)->Apply(sizes);
BENCHMARK(stage_mod_down)->Apply(sizes);
BENCHMARK(stage_mod_down_rescale)->Apply(sizes);
BENCHMARK(stage_rescale)->Apply(sizes);
BENCHMARK(stage_relinearise)->Apply(sizes);
BENCHMARK(stage_products)->Apply(sizes_and_diagonals);
BENCHMARK(transform_expanded)->Apply(sizes_and_diagonals);
BENCHMARK(transform_expanded_2_threads)->Apply(sizes_and_diagonals);
BENCHMARK(transform_encoding)->Apply(sizes_and_diagonals);
BENCHMARK(polynomial)->Apply(degrees);

}  // namespace
}  // namespace serdab::circuits
