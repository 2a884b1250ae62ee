#include "service/server/training.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/base/pool.h"
#include "engine/ckks/wide_integers.h"
#include "engine/ring/arithmetic.h"
#include "service/wire/checkpoint.h"
#include "service/wire/tensors.h"

namespace serdab::server {
namespace {

using base::ErrorCode;
using program::Port;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

wire::PortRefs refs(const std::map<std::string, std::vector<ckks::Ciphertext>>& ports) {
  wire::PortRefs refs;
  for (const auto& [name, ciphertexts] : ports) {
    for (const ckks::Ciphertext& ciphertext : ciphertexts) refs[name].push_back(&ciphertext);
  }
  return refs;
}

wire::TensorFile read_state(const StepModel& model, std::span<const std::uint8_t> payload,
                            const std::string& name, StepPhase wanted) {
  wire::TensorFile file = wire::read_tensors(model.context(), payload, name);
  const auto phase = static_cast<StepPhase>(file.header.phase);
  if (phase != wanted) {
    base::fail(ErrorCode::kMismatch,
               name + (wanted == StepPhase::kReady
                           ? ": its levels are spent after step " +
                                 std::to_string(file.header.step) + "; refresh it first"
                           : ": has its full level; nothing is to be refreshed"));
  }
  wire::check_tensors(file, model.id(), file.header.key_id,
                      wanted == StepPhase::kReady
                          ? program::state_ports(model.package())
                          : program::output_ports(model.package().programs.front()),
                      name);
  return file;
}

void same_key(const wire::TensorFile& file, const ckks::KeyId& key_id, const std::string& name) {
  if (file.header.key_id == key_id) return;
  base::fail(ErrorCode::kMismatch, name + ": made for key " + wire::short_id(file.header.key_id) +
                                       ", the evaluation keys are of key " +
                                       wire::short_id(key_id));
}

wire::TensorFile read_data(const StepModel& model, const ckks::KeyId& key_id, std::uint64_t step,
                           std::span<const std::uint8_t> payload, const std::string& name) {
  wire::TensorFile file = wire::read_tensors(model.context(), payload, name);
  same_key(file, key_id, name);
  wire::check_tensors(file, model.id(), key_id, program::data_ports(model.package()), name);
  const std::uint64_t batch = step % model.package().batches;
  if (file.header.step != batch) {
    base::fail(ErrorCode::kMismatch, name + ": is data batch " + std::to_string(file.header.step) +
                                         ", step " + std::to_string(step) + " takes batch " +
                                         std::to_string(batch));
  }
  return file;
}

// The ciphertexts in the order that the program takes them.
std::vector<const ckks::Ciphertext*> arguments(const program::Program& program,
                                               const wire::TensorFile& state,
                                               const wire::TensorFile& data) {
  std::vector<const ckks::Ciphertext*> arguments;
  for (const program::Value& value : program.values) {
    const auto* input = std::get_if<program::Input>(&value.op);
    if (input == nullptr) continue;
    const auto at = state.ports.find(input->name);
    const auto& port = at != state.ports.end() ? at->second : data.ports.at(input->name);
    for (const ckks::Ciphertext& ciphertext : port) arguments.push_back(&ciphertext);
  }
  return arguments;
}

// What a checkpoint is bound to.
wire::Digest digest_of(std::span<const std::uint8_t> state, std::span<const std::uint8_t> data) {
  std::vector<std::uint8_t> both;
  for (const auto bytes : {state, data}) {
    const wire::Digest digest = wire::sha256(bytes);
    both.insert(both.end(), digest.begin(), digest.end());
  }
  return wire::sha256(both);
}

// One run of a step's program, with its checkpoints.
class Run {
 public:
  Run(const StepModel& model, runtime::Executor& executor, const wire::Digest& digest,
      const StepRunOptions& options)
      : model_(model), executor_(executor), digest_(digest), options_(options) {}

  bool take_up() {
    const std::string& path = options_.checkpoint_path;
    if (path.empty() || ::access(path.c_str(), F_OK) != 0) return false;
    const auto bytes = wire::read_file(path, wire::payload_limit(wire::FileKind::kCheckpoint));
    wire::Checkpoint checkpoint = wire::read_checkpoint(
        model_.context(), wire::open_payload(wire::FileKind::kCheckpoint, bytes, path), path);
    // One of an earlier step was left by a process that was killed after its state was written.
    if (checkpoint.program_id != model_.id() || checkpoint.query_digest != digest_) return false;
    executor_.restore(checkpoint.waves_done, std::move(checkpoint.live));
    return true;
  }

  void finish() {
    auto saved = Clock::now();
    while (!executor_.done()) {
      const bool stop = options_.stop && options_.stop();
      if (stop || seconds_since(saved) >= options_.checkpoint_seconds) {
        save();
        saved = Clock::now();
      }
      if (stop) {
        base::fail(ErrorCode::kInterrupted,
                   options_.checkpoint_path.empty()
                       ? std::string("interrupted; the state is that before this step")
                       : "interrupted; run the same command again to go on");
      }
      executor_.run_wave();
      if (options_.progress) options_.progress(executor_.progress());
    }
  }

 private:
  void save() const {
    if (options_.checkpoint_path.empty()) return;
    const auto payload = wire::write_checkpoint(model_.context(), model_.id(), digest_,
                                                executor_.waves_done(), executor_.live());
    wire::write_file(options_.checkpoint_path,
                     wire::seal_payload(wire::FileKind::kCheckpoint, payload));
  }

  const StepModel& model_;
  runtime::Executor& executor_;
  const wire::Digest& digest_;
  const StepRunOptions& options_;
};

bool needs_refresh(const StepModel& model) {
  return std::any_of(model.package().states.begin(), model.package().states.end(),
                     [](const program::StepState& state) { return state.refreshed; });
}

// States that need no refresh go back in as they are: the same scale but for its last bits.
void carry(const StepModel& model, std::map<std::string, std::vector<ckks::Ciphertext>>& ports) {
  const auto targets = program::state_ports(model.package());
  for (auto& [name, ciphertexts] : ports) {
    if (program::state(model.package(), name).refreshed) continue;
    const Port& port = targets.at(name);
    for (ckks::Ciphertext& ciphertext : ciphertexts) ciphertext.set_info(port.level, port.scale);
  }
}

// ---- Masks ----

// Bits of the mask's integers, sign included: it and the message stay below a quarter of Q each.
int mask_bits(const StepModel& model, const Port& spent) {
  return static_cast<int>(std::floor(model.context().parameters().log_q(spent.level))) - 1;
}

sampling::Seed mask_seed(const MaskSecret& secret, std::span<const std::uint8_t> state) {
  std::vector<std::uint8_t> text(secret.begin(), secret.end());
  const wire::Digest digest = wire::sha256(state);
  text.insert(text.end(), digest.begin(), digest.end());
  const wire::Digest seed = wire::sha256(text);
  sampling::Seed result;
  static_assert(sampling::Seed::kBytes == 32);
  std::copy(seed.begin(), seed.end(), result.bytes.begin());
  return result;
}

// Uniform integers of so many bits, sign included: coefficients of a mask over 2^shift.
std::vector<ckks::WideInteger> draw_mask(const sampling::Seed& seed, std::uint64_t stream,
                                         std::size_t n, int bits) {
  sampling::Prng prng(seed, stream);
  std::vector<ckks::WideInteger> mask(n);
  for (ckks::WideInteger& m : mask) {
    const auto high = static_cast<ckks::WideInteger>(prng.next_u64() >> 1);
    const ckks::WideInteger drawn =
        (high << 64 | static_cast<ckks::WideInteger>(prng.next_u64())) >> (127 - bits);
    m = drawn - (ckks::WideInteger{1} << (bits - 1));
  }
  return mask;
}

// Streams of a mask seed: masks count up from 0, encryptions of them from here.
constexpr std::uint64_t kEncryptionStreams = std::uint64_t{1} << 32;

// For every spent ciphertext in turn: its port, its stream.
template <typename F>
void for_each_spent(const StepModel& model, F&& f) {
  std::uint64_t stream = 0;
  const auto ports = program::spent_ports(model.package());
  for (const program::StepState& state : model.package().states) {
    if (!state.refreshed) continue;
    for (std::uint32_t i = 0; i < ports.at(state.name).count; ++i) f(state, i, stream++);
  }
}

// The mask over 2^shift: what is subtracted from the answer.
std::vector<ckks::WideInteger> small_mask(const StepModel& model, const program::StepState& state,
                                          const sampling::Seed& seed, std::uint64_t stream) {
  const int bits = mask_bits(model, program::spent_ports(model.package()).at(state.name));
  return draw_mask(seed, stream, model.context().n(), bits - static_cast<int>(state.shift));
}

void blind(const StepModel& model, const StepKeys& keys, const program::StepState& state,
           const sampling::Seed& seed, std::uint64_t stream, ckks::Ciphertext& spent) {
  std::vector<ckks::WideInteger> mask = small_mask(model, state, seed, stream);
  for (ckks::WideInteger& m : mask) m *= ckks::WideInteger{1} << state.shift;
  sampling::Prng prng(seed, kEncryptionStreams + stream);
  const ckks::Ciphertext encrypted = keys.encryptor()->encrypt(
      ckks::from_wide_coefficients(model.context(), mask, spent.level(), spent.scale()), prng);
  ckks::Evaluator(model.context()).add_inplace(spent, encrypted);
}

void unblind(const StepModel& model, const program::StepState& state, const sampling::Seed& seed,
             std::uint64_t stream, ckks::Ciphertext& fresh) {
  // The client kept the coefficients that hold the message.
  std::vector<ckks::WideInteger> kept = small_mask(model, state, seed, stream);
  for (std::size_t k = 0; k < kept.size(); ++k) {
    if (k % state.stride != 0) kept[k] = 0;
  }
  const ckks::Plaintext mask =
      ckks::from_wide_coefficients(model.context(), kept, fresh.level(), fresh.scale());
  const ring::RnsBasis basis = model.context().basis(fresh.level());
  ring::subtract(basis, fresh.part(0), mask.poly, fresh.part(0));
}

// Masks must cover what they hide by the package's bits.
void check_masks(const StepModel& model) {
  const program::StepPackage& package = model.package();
  if (package.refresh != program::Refresh::kBlinded) return;
  const auto ports = program::spent_ports(model.package());
  for (const program::StepState& state : package.states) {
    if (!state.refreshed) continue;
    const Port& port = ports.at(state.name);
    // Coefficients of a real polynomial are at most twice its largest slot.
    const double message = std::log2(port.scale.value * package.limit) + 1;
    if (mask_bits(model, port) - 1 - message < package.blinding_bits) {
      base::fail(ErrorCode::kSecurity, "state '" + state.name + "' has no room for a mask of " +
                                           std::to_string(package.blinding_bits) + " bits");
    }
  }
}

}  // namespace

StepModel StepModel::load(const std::string& path) {
  const auto bytes = wire::read_file(path, wire::payload_limit(wire::FileKind::kStepProgram));
  const auto payload = wire::open_payload(wire::FileKind::kStepProgram, bytes, path);
  base::ByteReader in(payload, path);
  StepModel model;
  model.package_ = std::make_unique<const program::StepPackage>(program::read_step_package(in));
  in.finish();
  model.id_ = wire::sha256(payload);
  try {
    if (model.package_->refresh == program::Refresh::kBootstrap) {
      base::fail(ErrorCode::kUnsupported,
                 "asks for a refresh by bootstrapping, which is not built yet; plan it with "
                 "--refresh client or --refresh blinded");
    }
    model.context_ = std::make_unique<const ckks::Context>(
        ckks_params::Parameters::create(model.package_->parameters));
    for (const program::Program& program : model.package_->programs) {
      model.prepared_.push_back(
          std::make_unique<const runtime::Prepared>(program, *model.context_));
    }
    check_masks(model);
  } catch (const base::Error& error) {
    throw base::Error(error.code(), path + ": " + error.what());
  }
  return model;
}

const runtime::Prepared& StepModel::prepared(std::uint64_t step) const {
  const program::Program* program = &program::program_at(*package_, step);
  return *prepared_[static_cast<std::size_t>(program - package_->programs.data())];
}

StepKeys::StepKeys(const StepModel& model, wire::EvaluationKeys&& keys, const std::string& name)
    : key_id_(keys.key_id) {
  try {
    keys_ =
        runtime::Keys(model.context(), std::move(keys.relinearisation), std::move(keys.rotations));
    keys_.check(model.package().programs.front(), model.context());
    if (model.package().refresh != program::Refresh::kBlinded) return;
    if (!keys.public_key) {
      base::fail(ErrorCode::kMismatch, "lacks the public key that blinded refreshes need");
    }
    encryptor_ =
        std::make_unique<const ckks::Encryptor>(model.context(), std::move(*keys.public_key));
  } catch (const base::Error& error) {
    throw base::Error(error.code(), name + ": " + error.what());
  }
}

StepStatus status(const StepModel& model, std::span<const std::uint8_t> state,
                  const std::string& name) {
  const wire::TensorFile file = wire::read_tensors(model.context(), state, name);
  if (file.header.program_id != model.id()) {
    base::fail(ErrorCode::kMismatch, name + ": made for program " +
                                         wire::short_id(file.header.program_id) +
                                         ", this is program " + wire::short_id(model.id()));
  }
  return {file.header.step, static_cast<StepPhase>(file.header.phase)};
}

StepReport run_step(const StepModel& model, const StepKeys& keys,
                    std::span<const std::uint8_t> state_payload, const std::string& state_name,
                    std::span<const std::uint8_t> data_payload, const std::string& data_name,
                    const StepRunOptions& options) {
  const auto start = Clock::now();
  const double processor_start = base::thread_seconds();
  base::pool_reset_peak();
  const std::size_t held = base::pool_statistics().bytes_in_use;
  const wire::TensorFile state = read_state(model, state_payload, state_name, StepPhase::kReady);
  same_key(state, keys.key_id(), state_name);
  const wire::TensorFile data =
      read_data(model, keys.key_id(), state.header.step, data_payload, data_name);
  const runtime::Prepared& prepared = model.prepared(state.header.step);
  const auto given = arguments(prepared.program(), state, data);
  runtime::Executor executor(prepared, keys.keys(),
                             [&](std::uint32_t i) { return given[i]->clone(); });
  const wire::Digest digest = digest_of(state_payload, data_payload);
  Run run(model, executor, digest, options);
  StepReport report;
  report.resumed = run.take_up();
  run.finish();
  auto ports = executor.take_outputs();
  carry(model, ports);
  wire::TensorHeader header = state.header;
  ++header.step;
  header.phase =
      static_cast<std::uint8_t>(needs_refresh(model) ? StepPhase::kSpent : StepPhase::kReady);
  report.state = wire::write_tensors(model.context(), header, refs(ports));
  report.seconds = seconds_since(start);
  report.processor_seconds = base::thread_seconds() - processor_start;
  report.operations = executor.counts();
  report.work_seconds = executor.seconds();
  report.peak_pool_bytes = base::pool_statistics().peak_bytes - held;
  return report;
}

std::vector<std::uint8_t> refresh_request(const StepModel& model, const StepKeys& keys,
                                          const MaskSecret& secret,
                                          std::span<const std::uint8_t> state,
                                          const std::string& name) {
  wire::TensorFile file = read_state(model, state, name, StepPhase::kSpent);
  same_key(file, keys.key_id(), name);
  if (model.package().refresh == program::Refresh::kBlinded) {
    const sampling::Seed seed = mask_seed(secret, state);
    for_each_spent(model, [&](const program::StepState& about, std::uint32_t i, std::uint64_t s) {
      blind(model, keys, about, seed, s, file.ports.at(about.name)[i]);
    });
  }
  wire::PortRefs ports = refs(file.ports);
  for (const program::StepState& about : model.package().states) {
    if (!about.refreshed) ports.erase(about.name);
  }
  wire::TensorHeader header = file.header;
  header.phase = 0;
  return wire::write_tensors(model.context(), header, ports);
}

std::vector<std::uint8_t> take_refresh(const StepModel& model, const StepKeys& keys,
                                       const MaskSecret& secret,
                                       std::span<const std::uint8_t> state,
                                       const std::string& state_name,
                                       std::span<const std::uint8_t> answer,
                                       const std::string& answer_name) {
  wire::TensorFile file = read_state(model, state, state_name, StepPhase::kSpent);
  wire::TensorFile fresh = wire::read_tensors(model.context(), answer, answer_name);
  const auto wanted = program::fresh_ports(model.package());
  same_key(fresh, keys.key_id(), answer_name);
  wire::check_tensors(fresh, model.id(), keys.key_id(), wanted, answer_name);
  if (fresh.header.step != file.header.step) {
    base::fail(ErrorCode::kMismatch, answer_name + ": answers the request after step " +
                                         std::to_string(fresh.header.step) +
                                         ", the state stands after step " +
                                         std::to_string(file.header.step));
  }
  if (model.package().refresh == program::Refresh::kBlinded) {
    const sampling::Seed seed = mask_seed(secret, state);
    for_each_spent(model, [&](const program::StepState& about, std::uint32_t i, std::uint64_t s) {
      unblind(model, about, seed, s, fresh.ports.at(about.name)[i]);
    });
  }
  for (auto& [name, ciphertexts] : fresh.ports) file.ports.at(name) = std::move(ciphertexts);
  wire::TensorHeader header = file.header;
  header.phase = static_cast<std::uint8_t>(StepPhase::kReady);
  return wire::write_tensors(model.context(), header, refs(file.ports));
}

MaskSecret new_mask_secret() {
  const sampling::Seed seed = sampling::Seed::from_system();
  MaskSecret secret;
  std::copy(seed.bytes.begin(), seed.bytes.end(), secret.begin());
  return secret;
}

}  // namespace serdab::server
