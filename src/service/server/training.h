#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/ckks/encryptor.h"
#include "networks/program/step_package.h"
#include "networks/runtime/executor.h"
#include "service/wire/message.h"

namespace serdab::server {

/// A training run's programs, ready. Immutable; const access may be shared.
class StepModel {
 public:
  /// From a step file. Throws base::Error, naming `path`, for files that are none, whose
  /// parameters are refused, or whose refresh is not built.
  static StepModel load(const std::string& path);

  const program::StepPackage& package() const { return *package_; }
  const program::ProgramId& id() const { return id_; }
  const ckks::Context& context() const { return *context_; }
  const runtime::Prepared& prepared(std::uint64_t step) const;

 private:
  StepModel() = default;
  std::unique_ptr<const program::StepPackage> package_;
  program::ProgramId id_{};
  std::unique_ptr<const ckks::Context> context_;
  std::vector<std::unique_ptr<const runtime::Prepared>> prepared_;  ///< by program
};

/// A client's evaluation keys for a training run, expanded once.
class StepKeys {
 public:
  /// Throws base::Error(kMismatch), naming `name`, when a key that a program needs is missing.
  StepKeys(const StepModel& model, wire::EvaluationKeys&& keys, const std::string& name);
  const ckks::KeyId& key_id() const { return key_id_; }
  const runtime::Keys& keys() const { return keys_; }
  /// Null where refreshes are not blinded.
  const ckks::Encryptor* encryptor() const { return encryptor_.get(); }

 private:
  ckks::KeyId key_id_;
  runtime::Keys keys_;
  std::unique_ptr<const ckks::Encryptor> encryptor_;
};

/// Where a run stands. A state goes ready -> (step) -> spent -> (refresh) -> ready.
enum class StepPhase : std::uint8_t { kReady = 0, kSpent = 1 };

struct StepStatus {
  std::uint64_t step = 0;  ///< steps done
  StepPhase phase = StepPhase::kReady;
};
/// Of a state's payload.
StepStatus status(const StepModel& model, std::span<const std::uint8_t> state,
                  const std::string& name);

/// What a step took.
struct StepReport {
  std::vector<std::uint8_t> state;  ///< payload of the next state, spent
  double seconds = 0;
  double processor_seconds = 0;  ///< of the calling thread
  program::OperationCounts operations;
  program::ByWork<double> work_seconds;
  std::size_t peak_pool_bytes = 0;
  bool resumed = false;
};

struct StepRunOptions {
  std::function<void(double)> progress;  ///< share of the step
  std::function<bool()> stop;            ///< asked between waves; true ends with kInterrupted
  std::string checkpoint_path;           ///< none if empty
  double checkpoint_seconds = 5;
};

/// Runs one step of a ready state on its data batch; no secret key. The result depends on state and
/// data alone: bytes are equal, interrupted or not. Throws base::Error(kMismatch), naming the file,
/// for a state, data or keys of another program, key, step or batch, and for a spent state.
StepReport run_step(const StepModel& model, const StepKeys& keys,
                    std::span<const std::uint8_t> state, const std::string& state_name,
                    std::span<const std::uint8_t> data, const std::string& data_name,
                    const StepRunOptions& options = {});

/// The server's own secret, from which the masks of blinded refreshes are drawn: kept beside the
/// state, never sent.
using MaskSecret = std::array<std::uint8_t, 32>;
MaskSecret new_mask_secret();

/// The payload of the request for a refresh of a spent state. Where refreshes are blinded, a mask
/// of the package's bits, drawn from the secret and the state's digest, is encrypted under the
/// client's public key and added. Randomness of that encryption too comes from both, so that a
/// request made twice is the same.
std::vector<std::uint8_t> refresh_request(const StepModel& model, const StepKeys& keys,
                                          const MaskSecret& secret,
                                          std::span<const std::uint8_t> state,
                                          const std::string& name);
/// The ready state after a refresh: the client's answer, less the mask, in the place of what was
/// spent. Throws base::Error(kMismatch) for the answer to another step's request.
std::vector<std::uint8_t> take_refresh(const StepModel& model, const StepKeys& keys,
                                       const MaskSecret& secret,
                                       std::span<const std::uint8_t> state,
                                       const std::string& state_name,
                                       std::span<const std::uint8_t> answer,
                                       const std::string& answer_name);

}  // namespace serdab::server
