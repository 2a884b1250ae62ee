#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/ckks_params/parameters.h"
#include "networks/program/package.h"
#include "networks/program/program.h"

namespace serdab::program {

/// How a state whose levels are spent comes back to its full level.
enum class Refresh : std::uint8_t {
  kClient = 0,     ///< the key holder encrypts it again, and sees it
  kBlinded = 1,    ///< the same under the server's mask: whoever encrypts it again learns nothing
  kBootstrap = 2,  ///< the server alone; not built yet
};
/// "client", "blinded", "bootstrap".
const char* refresh_name(Refresh refresh);

/// An output of a step that bears an input's name: its next value.
struct StepState {
  std::string name;
  bool refreshed = false;  ///< the input stands at a higher level than the output
  unsigned shift = 0;      ///< scale(output)/scale(input) = 2^shift; 0 where nothing is refreshed
  double magnitude = 0;    ///< largest that calibration met
  double error = 0;        ///< predicted deviation that a step leaves in a number of the output
  /// Slots repeat with period slots/stride, so that only coefficients at multiples of the stride
  /// hold the message.
  std::uint32_t stride = 1;
};

/// From step `first` on, programs[program] is run.
struct ScheduledProgram {
  std::uint64_t first = 0;
  std::uint32_t program = 0;
};

/// What a server needs to run a step again and again, and what a client needs to feed it; nothing
/// in it is secret.
struct StepPackage {
  std::string model;
  ckks_params::ParametersLiteral parameters;
  std::vector<Program> programs;           ///< alike but for public factors (the learning rate)
  std::vector<ScheduledProgram> schedule;  ///< ascending, the first from step 0
  std::vector<StepState> states;
  Refresh refresh = Refresh::kClient;
  /// A blinding mask is at least 2^blinding_bits times what it hides.
  double blinding_bits = 0;
  double limit = 0;           ///< a state beyond this magnitude has diverged
  std::uint32_t batches = 1;  ///< step t reads data batch t mod batches
};

/// Level, scale and count of the inputs and outputs of a step, by name.
std::map<std::string, Port> input_ports(const Program& program);
std::map<std::string, Port> output_ports(const Program& program);
/// The inputs that are states, and those that are data.
std::map<std::string, Port> state_ports(const StepPackage& package);
std::map<std::string, Port> data_ports(const StepPackage& package);
/// What a refresh takes, outputs whose levels are spent, and what it gives.
std::map<std::string, Port> spent_ports(const StepPackage& package);
std::map<std::string, Port> fresh_ports(const StepPackage& package);
/// The program of step t.
const Program& program_at(const StepPackage& package, std::uint64_t step);
/// Whether an input is a state, not data.
bool is_state(const StepPackage& package, const std::string& name);
const StepState& state(const StepPackage& package, const std::string& name);
/// Bytes that a refresh sends to the client and back, 0 where none is needed.
struct RefreshBytes {
  std::size_t request = 0, answer = 0;
};
RefreshBytes refresh_bytes(const StepPackage& package);

void write(const StepPackage& package, base::ByteWriter& out);
/// Programs are verified, and must agree in their ports, primes and keys. Throws
/// base::Error(kCorrupt).
StepPackage read_step_package(base::ByteReader& in);

}  // namespace serdab::program
