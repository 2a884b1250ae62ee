#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "engine/base/cpu_features.h"
#include "engine/ckks/encoder.h"
#include "engine/ckks/evaluator.h"
#include "engine/ckks_secret/decryptor.h"
#include "engine/ckks_secret/key_generator.h"
#include "engine/ckks_secret/symmetric_encryptor.h"
#include "engine/kernels/kernels.h"
#include "verbs.h"

namespace serdab::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kSecondsPerRow = 0.3;

// Median seconds of a call, over as many as fit the time.
template <typename F>
double median_seconds(F&& f) {
  f();
  std::vector<double> samples;
  const auto begin = Clock::now();
  while (samples.size() < 3 ||
         std::chrono::duration<double>(Clock::now() - begin).count() < kSecondsPerRow) {
    const auto start = Clock::now();
    f();
    samples.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::nth_element(samples.begin(), samples.begin() + samples.size() / 2, samples.end());
  return samples[samples.size() / 2];
}

// Chains near the ones the engine's peers are measured at; all within the 128-bit table.
ckks_params::ParametersLiteral literal(base::RingKind ring, unsigned log_n, std::size_t primes,
                                       double prime_bits, std::size_t special) {
  ckks_params::ParametersLiteral result;
  result.ring = ring;
  result.log_n = log_n;
  result.q = ckks_params::choose_primes(ring, log_n, std::vector<double>(primes, prime_bits));
  result.p = ckks_params::choose_primes(ring, log_n, std::vector<double>(special, 49.5), result.q);
  result.digit_primes = static_cast<unsigned>(special);
  return result;
}

void bench_set(const ckks_params::ParametersLiteral& set, nlohmann::json& rows) {
  const auto parameters = ckks_params::Parameters::create(set);
  const ckks::Context context(parameters);
  sampling::Prng prng = sampling::Prng::from_system();
  const auto secret = ckks_secret::SecretKey::generate(context, prng);
  ckks_secret::KeyGenerator generator(context, secret, sampling::Prng::from_system());
  const ckks::RelinearisationKey relinearisation(
      ckks::SwitchingKey(context, generator.relinearisation_key(context.max_level())));
  ckks::GaloisKeys rotations;
  rotations.add(ckks::GaloisKey(
      context, ckks::SwitchingKey(context, generator.rotation_key(1, context.max_level()))));
  const ckks::Encoder encoder(context);
  const ckks::Evaluator evaluator(context);
  const ckks_secret::SymmetricEncryptor encryptor(context, secret);
  const ckks_secret::Decryptor decryptor(context, secret);
  const std::vector<double> message(context.slots(), 0.5);
  const base::Scale scale{1099511627776.0};
  const auto plaintext = encoder.encode(message, context.max_level(), scale);
  const auto ciphertext = encryptor.encrypt(plaintext, prng);

  const auto row = [&](const std::string& work, double seconds) {
    rows.push_back({{"work", work},
                    {"ms", seconds * 1e3},
                    {"n", parameters.n()},
                    {"ring", set.ring == base::RingKind::kStandard ? "standard" : "real"},
                    {"log_q", parameters.log_q()},
                    {"log_qp", parameters.log_qp()},
                    {"security_bits", ckks_params::security_bits(parameters.security())}});
  };
  auto values = ciphertext.part(0).clone();
  row("NTT, one prime", median_seconds([&] {
        kernels::kernels().ntt_forward_one(context.ring().ntt(0), values.limb(0));
      }));
  row("multiply + relinearise", median_seconds([&] {
        auto product = evaluator.multiply(ciphertext, ciphertext);
        evaluator.relinearise(product, relinearisation);
      }));
  row("rotate", median_seconds([&] { evaluator.rotate(ciphertext, 1, rotations); }));
  row("rescale (with a copy)", median_seconds([&] {
        auto copy = ciphertext.clone();
        evaluator.rescale(copy, 1);
      }));
  row("encode", median_seconds([&] { encoder.encode(message, context.max_level(), scale); }));
  row("encrypt", median_seconds([&] { encryptor.encrypt(plaintext, prng); }));
  row("decrypt + decode",
      median_seconds([&] { encoder.decode_real(decryptor.decrypt(ciphertext)); }));
}

void run(const Globals& globals) {
  nlohmann::json rows = nlohmann::json::array();
  bench_set(literal(base::RingKind::kStandard, 13, 3, 46.5, 1), rows);
  bench_set(literal(base::RingKind::kStandard, 14, 7, 48.5, 1), rows);
  bench_set(literal(base::RingKind::kStandard, 15, 12, 48.3, 4), rows);
  bench_set(literal(base::RingKind::kConjugateInvariant, 14, 7, 48.5, 1), rows);
  const nlohmann::json json = {{"cpu", base::cpu_name()},
                               {"kernels", kernels::kernels().name},
                               {"threads", thread_count(globals)},
                               {"rows", rows}};
  if (globals.json) {
    fmt::print("{}\n", json.dump(2));
    return;
  }
  fmt::print("{}, {} kernels, {} thread(s); medians\n\n", base::cpu_name(), kernels::kernels().name,
             thread_count(globals));
  fmt::print("{:<26}{:>9}{:>10}{:>8}{:>9}{:>9}{:>11}\n", "work", "ring", "N", "log Q", "log QP",
             "security", "ms");
  for (const auto& row : rows) {
    fmt::print("{:<26}{:>9}{:>10}{:>8.0f}{:>9.0f}{:>9}{:>11.3f}\n", row["work"].get<std::string>(),
               row["ring"].get<std::string>(), row["n"].get<std::size_t>(),
               row["log_q"].get<double>(), row["log_qp"].get<double>(),
               row["security_bits"].get<unsigned>(), row["ms"].get<double>());
  }
}

}  // namespace

void add_bench(CLI::App& app, Globals& globals) {
  CLI::App* verb = add_verb(app, globals, "bench", "Time the engine's operations on this machine",
                            [&globals] { run(globals); });
  verb->footer("Micro-benchmarks of single rooms: build/release/bin/bench_*.");
}

}  // namespace serdab::cli
