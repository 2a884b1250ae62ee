#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/ckks/context.h"
#include "engine/ckks_secret/release.h"
#include "engine/ckks_secret/secret_key.h"
#include "networks/program/step_package.h"
#include "service/client/keys.h"

namespace serdab::client {

/// Numbers by port, ciphertexts x slots each.
using PortRows = std::map<std::string, std::vector<double>>;

/// A client's view of a training run. Immutable; const access may be shared.
struct StepModel {
  program::StepPackage package;
  program::ProgramId id{};
  std::unique_ptr<ckks::Context> context;

  /// From a step file. Throws base::Error, naming `path`, for files that are none or whose
  /// parameters are refused.
  static StepModel load(const std::string& path);
};

/// Fresh keys: the secret and the evaluation keys that the steps need, with a public key where
/// refreshes are blinded.
KeyPair generate_keys(const StepModel& model);

/// The payload of a data batch: every input that is no state. `batch` counts from 0.
std::vector<std::uint8_t> encrypt_data(const StepModel& model, const ckks_secret::SecretKey& secret,
                                       std::uint64_t batch, const PortRows& rows);
/// The payload of a state before step `step`.
std::vector<std::uint8_t> encrypt_state(const StepModel& model,
                                        const ckks_secret::SecretKey& secret, std::uint64_t step,
                                        const PortRows& rows);

/// What a refresh showed the client.
struct Refreshed {
  std::vector<std::uint8_t> answer;  ///< payload
  std::uint64_t step = 0;
  bool blinded = false;
  PortRows rows;  ///< the state as it was; empty where it was blinded
};
/// Answers a server's request: the same state at its full level. A blinded one is decrypted to
/// integers, divided by 2^shift and encrypted again, exactly but for half a unit of the scale; what
/// it is under the mask the client cannot tell. Where a state's slots are copies of each other,
/// their mean comes back in all. Throws base::Error(kLimit) when a state that is not blinded lies
/// beyond the package's limit: the run has diverged; and as wire::check_tensors.
Refreshed refresh(const StepModel& model, const ckks_secret::SecretKey& secret,
                  std::span<const std::uint8_t> request, const std::string& name);

/// A state for the key holder's own eyes, from a server's state file: every output port, or, before
/// the first step, every state input; of copies their mean. Throws as refresh.
PortRows decrypt_state(const StepModel& model, const ckks_secret::SecretKey& secret,
                       std::span<const std::uint8_t> state, const std::string& name);

/// The same for values that others will see: flooded, and counted against the key's budget.
PortRows release_state(const StepModel& model, const ckks_secret::SecretKey& secret,
                       std::span<const std::uint8_t> state, const std::string& name,
                       ckks_secret::ReleaseBudget& budget);
/// The deviation that this puts on a number of a state after a step: what is left of the precision.
double release_deviation(const StepModel& model, const ckks_secret::ReleaseBudget& budget);

}  // namespace serdab::client
