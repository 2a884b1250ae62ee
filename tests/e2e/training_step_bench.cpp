// Encrypted training steps of a small perceptron (4-7-3, 120 samples, Nesterov 7/8) at 128 bits on
// one thread: milliseconds by kind of work, precision against the clear run.
//
//   bench_training_step [RUNS] [BLINDING_BITS ...]

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <random>

#include "engine/base/clock.h"
#include "engine/base/threads.h"
#include "engine/ckks/encoder.h"
#include "engine/ckks_secret/decryptor.h"
#include "engine/ckks_secret/key_generator.h"
#include "engine/ckks_secret/symmetric_encryptor.h"
#include "networks/compiler/plan/work.h"
#include "networks/compiler/step/compile_step.h"
#include "networks/packing/run_circuit.h"
#include "networks/runtime/executor.h"
#include "networks/training/lower/lower_p3.h"
#include "networks/training/perceptron.h"

namespace serdab {
namespace {

using Vectors = std::map<std::string, packing::SlotVectors>;

constexpr std::size_t kSamples = 120;
constexpr std::uint32_t kPositions = 1 << 14;

training::LoweredStep iris_step() {
  const training::Perceptron network{
      {4, 7, 3}, {{0, 0.5, 0.25}}, training::Loss::kMeanSquared, {}, false};
  const training::StepGraph step =
      training::training_step(network, {0.15, {1, 0}, {7, 3}, 0}, kSamples);
  return training::lower_p3(step, kSamples, kPositions);
}

// Data in [0, 1] with a last unit 1, targets 0 or 1, weights up to 0.8.
Vectors inputs_of(const training::LoweredStep& lowered, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> weight(-0.8, 0.8), datum(0, 1);
  training::Tensors given;
  for (const auto& [name, where] : lowered.places) {
    training::TensorValues& values = given[name];
    values.resize(where.layout.elements());
    for (double& v : values) v = name == "x" ? datum(random) : weight(random);
    const std::size_t units = values.size() / kSamples;
    for (std::size_t s = 0; s < kSamples; ++s) {
      if (name == "x") values[(s + 1) * units - 1] = 1;
      for (std::size_t u = 0; name == "y" && u < units; ++u) values[s * units + u] = s % units == u;
    }
  }
  Vectors ports;
  for (const auto& node : lowered.circuit.nodes) {
    if (const auto* input = std::get_if<packing::InputOp>(&node.op)) {
      ports[input->name] = training::place(lowered, input->name, given);
    }
  }
  return ports;
}

class Bench {
 public:
  Bench(const compiler::CompiledStep& step, const packing::SlotCircuit& circuit)
      : step_(step),
        circuit_(circuit),
        context_(ckks_params::Parameters::create(step.parameters)),
        secret_(ckks_secret::SecretKey::generate(context_, prng_)),
        prepared_(step.programs.front(), context_) {
    ckks_secret::KeyGenerator generator(context_, secret_, sampling::Prng::from_system());
    std::vector<ckks::SeededSwitchingKey> rotations;
    for (const program::RotationKey& key : program::rotation_keys(step.programs.front())) {
      rotations.push_back(generator.rotation_key(static_cast<long>(key.steps), key.level));
    }
    keys_.emplace(context_, generator.relinearisation_key(context_.max_level()),
                  std::move(rotations));
  }

  void run(const Vectors& inputs, int runs) {
    const std::vector<ckks::Ciphertext> query = encrypt(inputs);
    for (int r = 0; r < runs; ++r) {
      runtime::Executor executor(prepared_, *keys_,
                                 [&](std::uint32_t i) { return query[i].clone(); });
      const double begin = base::thread_seconds();
      while (!executor.done()) executor.run_wave();
      const double seconds = base::thread_seconds() - begin;
      if (seconds < best_) {
        best_ = seconds;
        kinds_ = executor.seconds();
      }
      if (r == 0) compare(executor.take_outputs(), packing::run(circuit_, inputs));
    }
  }

  void report() const {
    const ckks_params::Parameters& p = context_.parameters();
    std::printf("log Q %.1f, log QP %.1f, %zu + %zu primes, %u a digit, %zu rotation keys\n",
                p.log_q(), p.log_qp(), p.q().size(), p.p().size(), p.digit_primes(),
                program::rotation_keys(step_.programs.front()).size());
    std::printf("%.2f ms (predicted %.2f); precision %.2f bits (predicted %.2f)\n", best_ * 1e3,
                step_.seconds * 1e3, -std::log2(error_), step_.precision_bits);
    const auto work = compiler::query_work(step_.programs.front(), p.log_n(), p.digit_primes());
    for (std::size_t k = 0; k < program::kWorkKinds; ++k) {
      const auto kind = static_cast<program::WorkKind>(k);
      if (kinds_[kind] == 0) continue;
      std::printf("  %-28s %8.2f ms, predicted %8.2f\n", program::work_name(kind),
                  kinds_[kind] * 1e3, ckks_params::builtin_profile().seconds(work[kind], 1) * 1e3);
    }
  }

 private:
  std::vector<ckks::Ciphertext> encrypt(const Vectors& inputs) {
    const ckks::Encoder encoder(context_);
    const ckks_secret::SymmetricEncryptor encryptor(context_, secret_);
    std::vector<ckks::Ciphertext> query;
    for (const program::ValueId id : program::inputs_of(step_.programs.front())) {
      const program::Value& value = step_.programs.front().values[id];
      const auto& rows = inputs.at(program::input_name(step_.programs.front(), id));
      for (std::size_t c = 0; c < value.count; ++c) {
        const std::span<const double> slots(rows.data() + c * kPositions, kPositions);
        query.push_back(encryptor.encrypt(encoder.encode(slots, value.level, value.scale), prng_));
      }
    }
    return query;
  }

  void compare(const std::map<std::string, std::vector<ckks::Ciphertext>>& outputs,
               const Vectors& truth) {
    const ckks::Encoder encoder(context_);
    const ckks_secret::Decryptor decryptor(context_, secret_);
    for (const auto& [name, ciphertexts] : outputs) {
      const packing::SlotVectors& rows = truth.at(name);
      for (std::size_t c = 0; c < ciphertexts.size(); ++c) {
        const auto slots = encoder.decode_real(decryptor.decrypt(ciphertexts[c]));
        for (std::size_t i = 0; i < slots.size(); ++i) {
          error_ = std::max(error_, std::abs(slots[i] - rows[c * kPositions + i]));
        }
      }
    }
  }

  const compiler::CompiledStep& step_;
  const packing::SlotCircuit& circuit_;
  ckks::Context context_;
  sampling::Prng prng_ = sampling::Prng::from_system();
  ckks_secret::SecretKey secret_;
  runtime::Prepared prepared_;
  std::optional<runtime::Keys> keys_;
  program::ByWork<double> kinds_;
  double best_ = std::numeric_limits<double>::infinity();
  double error_ = 0;
};

void measure(double blinding_bits, int runs) {
  const training::LoweredStep lowered = iris_step();
  compiler::StepGoal goal;
  goal.blinding_bits = blinding_bits;
  const double begin = base::thread_seconds();
  const compiler::CompiledStep step =
      compiler::compile_step(lowered.circuit, {inputs_of(lowered, 1), inputs_of(lowered, 2)}, goal,
                             ckks_params::builtin_profile());
  std::printf("\nblinding %.0f bits; compiled in %.1f s\n", blinding_bits,
              base::thread_seconds() - begin);
  if (std::getenv("VERBOSE") != nullptr) {
    for (const std::string& line : step.considered) std::printf("  %s\n", line.c_str());
  }
  Bench bench(step, lowered.circuit);
  bench.run(inputs_of(lowered, 3), runs);
  bench.run(inputs_of(lowered, 4), 1);
  bench.report();
}

}  // namespace
}  // namespace serdab

int main(int argc, char** argv) {
  const serdab::base::ThreadLimit limit(1);
  const int runs = argc > 1 ? std::atoi(argv[1]) : 20;
  if (argc < 3) {
    for (const double bits : {40.0, 0.0}) serdab::measure(bits, runs);
  }
  for (int i = 2; i < argc; ++i) serdab::measure(std::atof(argv[i]), runs);
}
