#include "networks/program/step_package.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/base/error.h"
#include "networks/program/internal/literal.h"
#include "networks/program/serialise.h"

namespace serdab::program {
namespace {

using base::ByteReader;
using base::ByteWriter;

constexpr std::size_t kMaxName = 4096;
constexpr std::size_t kMaxPrograms = 1024;
constexpr std::size_t kMaxPhases = 100'000;
constexpr std::size_t kMaxStates = 1024;
constexpr double kMaxBlinding = 100;
constexpr std::uint32_t kMaxStride = 1u << 17;

Port port_of(const Value& value) { return {value.count, value.parts, value.level, value.scale}; }

bool same(const Port& a, const Port& b) {
  return a.count == b.count && a.parts == b.parts && a.level == b.level && a.scale == b.scale;
}
bool same(const std::map<std::string, Port>& a, const std::map<std::string, Port>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && same(x.second, y.second);
  });
}

double bounded(ByteReader& in, double most, const char* what) {
  const double v = in.f64();
  if (!(v >= 0 && v <= most)) in.corrupt(std::string(what) + " is out of range");
  return v;
}

StepState read_state(ByteReader& in) {
  StepState state;
  state.name = in.string(kMaxName);
  state.refreshed = in.u8() != 0;
  state.shift = in.u8();
  if (state.shift > 60 || (!state.refreshed && state.shift != 0)) {
    in.corrupt("state '" + state.name + "' has an impossible shift");
  }
  state.magnitude = bounded(in, 1e30, "a state's magnitude");
  state.error = bounded(in, 1e30, "a state's error");
  state.stride = in.u32();
  if (!std::has_single_bit(state.stride) || state.stride > kMaxStride) {
    in.corrupt("state '" + state.name + "' has an impossible stride");
  }
  return state;
}

// A state must come back as what it went in.
void check_state(const StepPackage& package, const StepState& state, ByteReader& in) {
  const auto inputs = input_ports(package.programs.front());
  const auto outputs = output_ports(package.programs.front());
  const auto from = inputs.find(state.name);
  const auto to = outputs.find(state.name);
  if (from == inputs.end() || to == outputs.end()) {
    in.corrupt("state '" + state.name + "' is not both an input and an output");
  }
  const double ratio = to->second.scale.value / std::ldexp(from->second.scale.value, state.shift);
  if (from->second.count != to->second.count || std::abs(ratio - 1) > 1e-9 ||
      (state.refreshed ? from->second.level < to->second.level
                       : from->second.level != to->second.level)) {
    in.corrupt("state '" + state.name + "' does not come back as it went in");
  }
}

void check_programs(const StepPackage& package, ByteReader& in) {
  const Program& first = package.programs.front();
  for (const Program& program : package.programs) {
    if (program.outputs.empty()) in.corrupt("a program of a step has no outputs");
    if (program.primes != package.parameters.q || program.special_primes != package.parameters.p ||
        program.layout != Layout::kPacked || program.positions != slots(package.parameters)) {
      in.corrupt("a program has other primes or positions than its parameters");
    }
    if (!same(input_ports(program), input_ports(first)) ||
        !same(output_ports(program), output_ports(first)) ||
        rotation_keys(program) != rotation_keys(first)) {
      in.corrupt("the programs of its steps differ in what they take or give");
    }
  }
}

void check_schedule(const StepPackage& package, ByteReader& in) {
  for (std::size_t i = 0; i < package.schedule.size(); ++i) {
    const ScheduledProgram& phase = package.schedule[i];
    const bool ascends = i == 0 ? phase.first == 0 : phase.first > package.schedule[i - 1].first;
    if (!ascends || phase.program >= package.programs.size()) {
      in.corrupt("its schedule does not ascend from step 0");
    }
  }
}

}  // namespace

const char* refresh_name(Refresh refresh) {
  switch (refresh) {
    case Refresh::kClient:
      return "client";
    case Refresh::kBlinded:
      return "blinded";
    case Refresh::kBootstrap:
      return "bootstrap";
  }
  return "unknown";
}

std::map<std::string, Port> input_ports(const Program& program) {
  std::map<std::string, Port> ports;
  for (const Value& value : program.values) {
    if (const auto* input = std::get_if<Input>(&value.op)) ports[input->name] = port_of(value);
  }
  return ports;
}

std::map<std::string, Port> output_ports(const Program& program) {
  std::map<std::string, Port> ports;
  for (const Output& output : program.outputs) {
    ports[output.name] = port_of(program.values[output.value]);
  }
  return ports;
}

namespace {

// Those of `ports` that `wanted` says yes to.
template <typename F>
std::map<std::string, Port> filtered(std::map<std::string, Port> ports, const F& wanted) {
  std::erase_if(ports, [&](const auto& port) { return !wanted(port.first); });
  return ports;
}

auto is_refreshed(const StepPackage& package) {
  return [&](const std::string& name) {
    return is_state(package, name) && state(package, name).refreshed;
  };
}

}  // namespace

std::map<std::string, Port> state_ports(const StepPackage& package) {
  return filtered(input_ports(package.programs.front()),
                  [&](const std::string& name) { return is_state(package, name); });
}

std::map<std::string, Port> data_ports(const StepPackage& package) {
  return filtered(input_ports(package.programs.front()),
                  [&](const std::string& name) { return !is_state(package, name); });
}

std::map<std::string, Port> spent_ports(const StepPackage& package) {
  return filtered(output_ports(package.programs.front()), is_refreshed(package));
}

std::map<std::string, Port> fresh_ports(const StepPackage& package) {
  return filtered(input_ports(package.programs.front()), is_refreshed(package));
}

const Program& program_at(const StepPackage& package, std::uint64_t step) {
  std::uint32_t program = 0;
  for (const ScheduledProgram& phase : package.schedule) {
    if (phase.first <= step) program = phase.program;
  }
  return package.programs[program];
}

bool is_state(const StepPackage& package, const std::string& name) {
  return std::any_of(package.states.begin(), package.states.end(),
                     [&](const StepState& state) { return state.name == name; });
}

const StepState& state(const StepPackage& package, const std::string& name) {
  const auto at = std::find_if(package.states.begin(), package.states.end(),
                               [&](const StepState& state) { return state.name == name; });
  if (at == package.states.end()) {
    base::fail(base::ErrorCode::kInvalidArgument, "'" + name + "' is no state of the step");
  }
  return *at;
}

RefreshBytes refresh_bytes(const StepPackage& package) {
  const auto inputs = input_ports(package.programs.front());
  const auto outputs = output_ports(package.programs.front());
  const auto bits = [&](const Port& port) {
    double sum = 0;
    for (std::size_t i = 0; i < port.level.primes(); ++i) {
      sum += static_cast<double>(std::bit_width(package.parameters.q[i]));
    }
    return sum * port.count * std::exp2(package.parameters.log_n);
  };
  RefreshBytes bytes;
  for (const StepState& state : package.states) {
    if (!state.refreshed) continue;
    bytes.request += static_cast<std::size_t>(2 * bits(outputs.at(state.name)) / 8);
    bytes.answer += static_cast<std::size_t>(bits(inputs.at(state.name)) / 8);
  }
  return bytes;
}

void write(const StepPackage& package, ByteWriter& out) {
  out.string(package.model);
  write_literal(out, package.parameters);
  out.u32(static_cast<std::uint32_t>(package.programs.size()));
  for (const Program& program : package.programs) write(program, out);
  out.u32(static_cast<std::uint32_t>(package.schedule.size()));
  for (const ScheduledProgram& phase : package.schedule) {
    out.u64(phase.first);
    out.u32(phase.program);
  }
  out.u32(static_cast<std::uint32_t>(package.states.size()));
  for (const StepState& state : package.states) {
    out.string(state.name);
    out.u8(state.refreshed ? 1 : 0);
    out.u8(static_cast<std::uint8_t>(state.shift));
    out.f64(state.magnitude);
    out.f64(state.error);
    out.u32(state.stride);
  }
  out.u8(static_cast<std::uint8_t>(package.refresh));
  out.f64(package.blinding_bits);
  out.f64(package.limit);
  out.u32(package.batches);
}

StepPackage read_step_package(ByteReader& in) {
  StepPackage package;
  package.model = in.string(kMaxName);
  package.parameters = read_literal(in);
  const std::size_t programs = in.count(kMaxPrograms, 30, "programs");
  if (programs == 0) in.corrupt("holds no program");
  for (std::size_t i = 0; i < programs; ++i) package.programs.push_back(read(in));
  package.schedule.resize(in.count(kMaxPhases, 12, "phases"));
  if (package.schedule.empty()) in.corrupt("has no schedule");
  for (ScheduledProgram& phase : package.schedule) {
    phase.first = in.u64();
    phase.program = in.u32();
  }
  package.states.resize(in.count(kMaxStates, 26, "states"));
  for (StepState& state : package.states) state = read_state(in);
  const std::uint8_t refresh = in.u8();
  if (refresh > 2) in.corrupt("names a refresh that is unknown");
  package.refresh = static_cast<Refresh>(refresh);
  package.blinding_bits = bounded(in, kMaxBlinding, "the number of blinding bits");
  package.limit = bounded(in, 1e30, "the limit of a state");
  package.batches = in.u32();
  if (package.batches == 0) in.corrupt("has no data batch");
  check_programs(package, in);
  check_schedule(package, in);
  for (const StepState& state : package.states) check_state(package, state, in);
  return package;
}

}  // namespace serdab::program
