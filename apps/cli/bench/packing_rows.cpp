#include "packing_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "common.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/ckks/encoder.h"
#include "engine/ckks_secret/decryptor.h"
#include "engine/ckks_secret/key_generator.h"
#include "engine/ckks_secret/symmetric_encryptor.h"
#include "machine_profile.h"
#include "networks/compiler/step/compile_step.h"
#include "networks/packing/matrix/step_circuits.h"
#include "networks/packing/matrix/transposed_diagonals.h"
#include "networks/packing/run_circuit.h"
#include "networks/program/schedule.h"
#include "networks/runtime/executor.h"

namespace serdab::cli {
namespace {

using ckks::Ciphertext;
using packing::SlotCircuit;
using packing::SlotLayout;
using packing::SlotVectors;

using Vectors = std::map<std::string, SlotVectors>;

constexpr std::uint32_t kPositions = 1 << 14;
constexpr double kRate = 0.125;
// Steps of more are left out: in the clear, in several copies, each takes 128 KiB besides.
constexpr std::size_t kMostCiphertexts = 2000;
// Of a number of W alone and of W': two parts of two primes, then of one.
constexpr double kValueBytes = 2 * (2 + 1) * kPositions * 8.0;
constexpr double kBudgetSeconds = 2;

/// A packing of one layer: its circuit and where the matrix, x and d stand.
struct Packed {
  std::string name;
  SlotCircuit circuit;
  std::function<SlotLayout()> matrix, x, d;
};

Packed in_diagonals(std::uint32_t n, bool swap_roles) {
  const packing::SwapRole p = swap_roles ? packing::swap_role(n, 1, kPositions)
                                         : packing::plain_diagonals(n, 1, kPositions);
  return {swap_roles ? "P2" : "P1 + transposition",
          swap_roles ? swap_role_step(p, kRate) : transposed_diagonals_step(p, kRate),
          [p] { return p.matrix_layout(p.n, p.n); }, [p] { return p.vector_layout(p.n, 1); },
          [p] { return p.vector_layout(p.n, 1); }};
}

Packed in_p3(std::uint32_t n) {
  const packing::Replicated p = packing::replicated(n, n, 1, kPositions);
  return {"P3", replicated_step(p, kRate), [p] { return p.matrix_layout(); },
          [p] { return p.by_columns(); }, [p] { return p.by_rows(); }};
}

Packed in_single_values(std::uint32_t n) {
  const packing::OneValue p{n, n, 1, kPositions};
  return {"one value", one_value_step(p, kRate), [p] { return p.matrix_layout(); },
          [p] { return p.vector_layout(p.cols, 1); }, [p] { return p.vector_layout(p.rows, 1); }};
}

SlotVectors place(const SlotLayout& layout, double deviation, std::mt19937_64& random) {
  std::normal_distribution<double> normal(0, deviation);
  SlotVectors slots(std::size_t{layout.ciphertexts} * layout.positions);
  for (std::size_t e = 0; e < layout.elements(); ++e) {
    const double value = normal(random);
    for (const std::uint32_t row : layout.of(e)) slots[row] = value;
  }
  return slots;
}

/// W of deviation 1/√n, so that W·x is as large as x.
Vectors example(const Packed& packed, std::uint32_t n) {
  std::mt19937_64 random(n);
  return {{"W", place(packed.matrix(), 1 / std::sqrt(n), random)},
          {"x", place(packed.x(), 0.5, random)},
          {"d", place(packed.d(), 0.5, random)}};
}

/// Keys, query and runs of one compiled step.
class EncryptedStep {
 public:
  EncryptedStep(const compiler::CompiledStep& step, const Vectors& inputs)
      : program_(step.programs.front()),
        context_(ckks_params::Parameters::create(step.parameters)),
        secret_(ckks_secret::SecretKey::generate(context_, prng_)),
        prepared_(program_, context_) {
    generate_keys();
    encrypt(inputs);
  }

  Vectors run() {
    std::vector<Ciphertext> query;
    for (const Ciphertext& c : query_) query.push_back(c.clone());
    const double begin = base::thread_seconds();
    runtime::Executor executor(prepared_, *keys_,
                               [&](std::uint32_t i) { return std::move(query[i]); });
    while (!executor.done()) executor.run_wave();
    seconds_ = std::min(seconds_, base::thread_seconds() - begin);
    ran_ = executor.counts();
    return decrypt(executor.take_outputs());
  }

  double best_seconds() const { return seconds_; }
  const program::OperationCounts& ran() const { return ran_; }
  std::size_t keys_bytes() const { return keys_bytes_; }
  const ckks::Context& context() const { return context_; }

 private:
  void generate_keys() {
    ckks_secret::KeyGenerator generator(context_, secret_, sampling::Prng::from_system());
    std::vector<ckks::SeededSwitchingKey> rotations;
    for (const program::RotationKey& key : program::rotation_keys(program_)) {
      rotations.push_back(generator.rotation_key(static_cast<long>(key.steps), key.level));
    }
    ckks::SeededSwitchingKey squares = generator.relinearisation_key(context_.max_level());
    for (const auto& key : rotations) keys_bytes_ += bytes(key);
    keys_bytes_ += bytes(squares);
    keys_.emplace(context_, std::move(squares), std::move(rotations));
  }
  // Expanded: both halves.
  std::size_t bytes(const ckks::SeededSwitchingKey& key) const {
    const std::size_t primes = key.info.level.primes() + context_.parameters().p().size();
    return key.b.size() * 2 * primes * context_.n() * sizeof(std::uint64_t);
  }

  void encrypt(const Vectors& inputs) {
    const ckks::Encoder encoder(context_);
    const ckks_secret::SymmetricEncryptor encryptor(context_, secret_);
    for (const program::ValueId id : program::inputs_of(program_)) {
      const program::Value& value = program_.values[id];
      const SlotVectors& rows = inputs.at(program::input_name(program_, id));
      for (std::size_t c = 0; c < value.count; ++c) {
        const std::span<const double> slots(rows.data() + c * kPositions, kPositions);
        query_.push_back(encryptor.encrypt(encoder.encode(slots, value.level, value.scale), prng_));
      }
    }
  }

  Vectors decrypt(const std::map<std::string, std::vector<Ciphertext>>& outputs) const {
    const ckks::Encoder encoder(context_);
    const ckks_secret::Decryptor decryptor(context_, secret_);
    Vectors result;
    for (const auto& [name, ciphertexts] : outputs) {
      for (const Ciphertext& c : ciphertexts) {
        const auto slots = encoder.decode_real(decryptor.decrypt(c));
        result[name].insert(result[name].end(), slots.begin(), slots.end());
      }
    }
    return result;
  }

  const program::Program& program_;
  ckks::Context context_;
  sampling::Prng prng_ = sampling::Prng::from_system();
  ckks_secret::SecretKey secret_;
  runtime::Prepared prepared_;
  std::optional<runtime::Keys> keys_;
  std::size_t keys_bytes_ = 0;
  std::vector<Ciphertext> query_;
  program::OperationCounts ran_;
  double seconds_ = std::numeric_limits<double>::infinity();
};

double largest_error(const Vectors& a, const Vectors& truth) {
  double largest = 0;
  for (const auto& [name, rows] : truth) {
    const SlotVectors& other = a.at(name);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      largest = std::max(largest, std::abs(rows[r] - other[r]));
    }
  }
  return largest;
}

// What the circuit says, what the program says and what ran. A rotation alone of its operand is
// full in the circuit, hoisted in the program.
void check_counts(const packing::CircuitCounts& circuit, const program::Program& program,
                  const program::OperationCounts& ran) {
  const bool same =
      program::count_operations(program) == ran && circuit.rotations() == ran.rotations() &&
      circuit.products == ran.ciphertext_products &&
      circuit.relinearisations == ran.relinearisations && circuit.masks == ran.plaintext_products;
  if (!same) {
    base::fail(base::ErrorCode::kMismatch, "a packing's run did other operations than its circuit");
  }
}

PackingRun measure(const Packed& packed, const packing::CircuitCounts& counts, std::uint32_t n) {
  const Vectors inputs = example(packed, n);
  const compiler::CompiledStep step =
      compiler::compile_step(packed.circuit, {inputs}, {}, machine_profile());
  EncryptedStep encrypted(step, inputs);
  const Vectors truth = packing::run(packed.circuit, inputs);
  double error = 0, spent = 0;
  for (int turn = 0; turn < 3 || spent < kBudgetSeconds; ++turn) {
    error = std::max(error, largest_error(encrypted.run(), truth));
    spent += encrypted.best_seconds();
  }
  check_counts(counts, step.programs.front(), encrypted.ran());
  const ckks_params::Parameters& parameters = encrypted.context().parameters();
  PackingRun run;
  run.log_n = parameters.log_n();
  run.primes = parameters.q().size();
  run.log_qp = parameters.log_qp();
  run.security = ckks_params::security_bits(parameters.security());
  run.milliseconds = encrypted.best_seconds() * 1e3;
  run.predicted = step.seconds * 1e3;
  run.precision_bits = -std::log2(error);
  run.keys_bytes = encrypted.keys_bytes();
  run.rotation_keys = program::rotation_keys(step.programs.front()).size();
  run.ciphertexts_bytes = program::planned_peak_bytes(step.programs.front(),
                                                      program::make_schedule(step.programs.front()),
                                                      encrypted.context().n(), 1);
  return run;
}

}  // namespace

std::vector<PackingRow> packing_rows(const std::vector<std::uint32_t>& sizes,
                                     const std::function<void(const PackingRow&)>& report) {
  const base::ThreadLimit limit(1);
  std::vector<PackingRow> rows;
  for (const std::uint32_t n : sizes) {
    for (const Packed& packed :
         {in_diagonals(n, false), in_diagonals(n, true), in_p3(n), in_single_values(n)}) {
      PackingRow row{packed.name, n, packing::count(packed.circuit), {}, {}};
      if (row.counts.ciphertexts <= kMostCiphertexts) {
        row.run = measure(packed, row.counts, n);
      } else {
        const double bytes = kValueBytes * static_cast<double>(row.counts.ciphertexts);
        row.left_out = size_text(bytes) + " of ciphertexts";
      }
      report(row);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::vector<PackingGain> gains(const std::vector<PackingRow>& rows) {
  std::vector<PackingGain> result;
  const PackingRow* diagonals = nullptr;
  for (const PackingRow& row : rows) {
    if (row.packing == "P1 + transposition") diagonals = &row;
    if (row.packing != "P2" || diagonals == nullptr) continue;
    result.push_back({row.n,
                      static_cast<double>(diagonals->counts.rotations()) /
                          static_cast<double>(row.counts.rotations()),
                      diagonals->run->milliseconds / row.run->milliseconds});
  }
  return result;
}

}  // namespace serdab::cli
