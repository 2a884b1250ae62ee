#include "networks/compiler/step/compile_step.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "engine/base/error.h"
#include "engine/ckks_params/noise.h"
#include "networks/compiler/budget/special_primes.h"
#include "networks/compiler/plan/work.h"
#include "networks/compiler/step/internal/emit_step.h"
#include "networks/compiler/step/internal/heights.h"
#include "networks/compiler/step/internal/quiet_switching.h"
#include "networks/compiler/step/internal/scales.h"
#include "networks/program/noise.h"
#include "networks/program/reference.h"
#include "networks/program/verifier.h"

namespace serdab::compiler {
namespace {

using ckks_params::Parameters;
using ckks_params::ParametersLiteral;
using packing::CircuitNodeId;
using packing::SlotVectors;

using Example = std::map<std::string, SlotVectors>;

constexpr double kLargestPrimeBits = 49.5;
constexpr unsigned kMaxDigitPrimes = 5;
// A slot's noise follows |s(zeta)|, which the simulation does not: room for it.
constexpr double kPeakBits = 1.4;
// Power that key switching may add to a value, of a rescale's rounding.
constexpr double kKeyShare = 0.25;
// Data bear fresh noise alone, and masks the rounding of a vector: less than a division's rounding.
constexpr double kDataUnder = 6;
constexpr double kMaskUnder = 6;
// Mask and message take a quarter of Q each, and coefficients are up to twice the largest slot.
constexpr double kMaskRoom = 3;
// The state's scale lies above what its own rounding needs by at most so much.
constexpr double kMostStateBits = 12;
constexpr int kEnoughFound = 3;
// Bits by which what lies between is coarser than the state.
constexpr double kMostUnder = 8, kLeastUnder = -4;

// Below, a ring has too few primes that are 1 modulo 4N.
double min_prime_bits(unsigned log_n) { return std::max(20.0, log_n + 9.0); }

struct Candidate {
  ParametersLiteral literal;
  program::Program program;
  StepScales scales;
  unsigned base_level = 0;
  double error = 0;  ///< largest of all outputs
  double seconds = 0;
};

class StepCompiler {
 public:
  StepCompiler(const std::vector<packing::SlotCircuit>& circuits,
               const std::vector<Example>& examples, const StepGoal& goal,
               const ckks_params::MachineProfile& machine)
      : circuits_(circuits),
        circuit_(circuits.front()),
        examples_(examples),
        goal_(goal),
        machine_(machine),
        heights_(measure_heights(circuit_)) {}

  CompiledStep run() {
    if (examples_.empty()) {
      base::fail(base::ErrorCode::kInvalidArgument, "a step is compiled with at least one example");
    }
    measure_magnitudes();
    find_states();
    literal_.ring = base::RingKind::kConjugateInvariant;
    literal_.security = goal_.security;
    literal_.log_n = static_cast<unsigned>(std::lround(std::log2(circuit_.positions)));
    std::optional<Candidate> best = search();
    if (!best) {
      std::string tried;
      for (const std::string& line : considered_) tried += "\n  " + line;
      base::fail(base::ErrorCode::kUnsupported,
                 "no parameters of N = 2^" + std::to_string(literal_.log_n) +
                     " keep this step's precision within the security level; use a larger N, ask "
                     "for fewer bits, or take a shallower network. Tried:" +
                     tried);
    }
    return result(std::move(*best));
  }

 private:
  void measure_magnitudes() {
    magnitudes_.assign(circuit_.nodes.size(), 0);
    for (const Example& example : examples_) {
      packing::run(circuit_, example, [&](CircuitNodeId id, SlotVectors& rows) {
        for (const double v : rows) magnitudes_[id] = std::max(magnitudes_[id], std::abs(v));
      });
    }
  }

  void find_states() {
    std::map<std::string, unsigned> inputs;
    for (CircuitNodeId id = 0; id < circuit_.nodes.size(); ++id) {
      if (!heights_.live[id]) continue;
      const auto* input = std::get_if<packing::InputOp>(&circuit_.nodes[id].op);
      if (input != nullptr) inputs[input->name] = heights_.height[id];
    }
    for (const packing::CircuitOutput& output : circuit_.outputs) {
      const auto at = inputs.find(output.name);
      if (at == inputs.end()) continue;
      program::StepState state;
      state.name = output.name;
      state.refreshed = at->second > heights_.height[output.node];
      state.magnitude = magnitudes_[output.node];
      (state.refreshed ? refreshed_ : carried_).push_back(state.name);
      states_.push_back(std::move(state));
    }
  }

  // Scales of states from coarse to fine; for each the coarsest between that keep the error small.
  // A few more than the first that does: bits shift between them, and with them the digits.
  std::optional<Candidate> search() {
    const double least = goal_.precision_bits + kPeakBits + std::log2(4.5 * ring_rounding());
    std::optional<Candidate> best;
    int found = 0;
    for (double more = 0.5; more <= kMostStateBits && found < kEnoughFound; more += 1) {
      std::optional<Candidate> candidate = coarsest(least + more);
      if (candidate || found > 0) ++found;
      if (candidate && (!best || candidate->seconds < best->seconds)) best = std::move(candidate);
    }
    return best;
  }

  // Errors halve with every bit, until what the state itself rounds is left.
  std::optional<Candidate> coarsest(double state_bits) {
    const double allowed = std::exp2(-goal_.precision_bits - kPeakBits);
    double missing_before = 100;
    for (double under = kMostUnder; under >= kLeastUnder;) {
      StepBits bits;
      bits.state = state_bits;
      bits.work = bits.state - under;
      bits.data = bits.work - kDataUnder;
      bits.mask = bits.work - kMaskUnder;
      std::optional<Candidate> candidate = build(bits);
      if (!candidate) return std::nullopt;  // more bits do not fit either
      candidate->error = simulate(*candidate);
      note(*candidate, bits);
      if (candidate->error <= allowed) return candidate;
      const double missing = std::log2(candidate->error / allowed);
      if (missing > missing_before - 0.1) return std::nullopt;
      missing_before = missing;
      under -= std::max(0.5, missing);
    }
    return std::nullopt;
  }

  // Of a rescale, in slots before division by the scale: standard deviation.
  double ring_rounding() const {
    ParametersLiteral one = literal_;
    one.q = ckks_params::choose_primes(one.ring, one.log_n, {30});
    one.digit_primes = 0;
    const ckks_params::NoiseModel noise(Parameters::create(one));
    return noise.slot_deviation(noise.rescale({}, 0), {1});
  }

  std::optional<Candidate> build(const StepBits& bits) {
    try {
      const ScaleProblem problem{circuit_, heights_, refreshed_, carried_};
      const std::vector<double> wanted =
          choose_drops(problem, bits, min_prime_bits(literal_.log_n), kLargestPrimeBits);
      Candidate candidate;
      candidate.literal = literal_;
      // The lowest primes hold the outputs; how large they must be shows once scales are known.
      std::vector<double> base{min_prime_bits(literal_.log_n)};
      for (int turn = 0; turn < 2; ++turn) {
        std::vector<double> sizes = base;
        sizes.insert(sizes.end(), wanted.begin() + 1, wanted.end());
        candidate.literal.q = ckks_params::choose_primes(literal_.ring, literal_.log_n, sizes);
        std::vector<double> drops{0};
        for (std::size_t i = base.size(); i < sizes.size(); ++i) {
          drops.push_back(std::log2(static_cast<double>(candidate.literal.q[i])));
        }
        const StepScales scales = solve_scales(problem, bits, drops);
        if (turn == 0) {
          base = base_sizes(scales);
          continue;
        }
        candidate.scales = scales;
        candidate.base_level = static_cast<unsigned>(base.size() - 1);
        candidate.program = emit_step(circuit_, heights_, scales, candidate.literal.q,
                                      candidate.base_level, magnitudes_);
      }
      choose_key_switching(candidate);
      program::verify(candidate.program);
      return candidate;
    } catch (const base::Error& error) {
      if (error.code() == base::ErrorCode::kMismatch) throw;  // the verifier's: a defect
      char text[64];
      std::snprintf(text, sizeof text, "state %.1f, work %.1f bits: ", bits.state, bits.work);
      considered_.push_back(text + std::string(error.what()));
      return std::nullopt;
    }
  }

  // So that no value wraps at its level, blinded outputs with their masks.
  std::vector<double> base_sizes(const StepScales& scales) const {
    double bits = min_prime_bits(literal_.log_n);
    std::vector<double> above{0};
    for (std::size_t h = 1; h < scales.drop.size(); ++h) {
      above.push_back(above.back() + scales.drop[h]);
    }
    for (CircuitNodeId id = 0; id < circuit_.nodes.size(); ++id) {
      if (!heights_.live[id]) continue;
      bits = std::max(bits, value_bits(id, scales) - above[heights_.height[id]]);
    }
    for (const packing::CircuitOutput& output : circuit_.outputs) {
      if (std::find(refreshed_.begin(), refreshed_.end(), output.name) == refreshed_.end())
        continue;
      if (goal_.blinding_bits == 0) continue;
      const double larger = std::log2(largest_output() / std::max(magnitudes_[output.node], 1e-9));
      bits = std::max(bits,
                      value_bits(output.node, scales) + larger + goal_.blinding_bits + kMaskRoom);
    }
    const double pieces = std::ceil(bits / kLargestPrimeBits);
    return std::vector<double>(static_cast<std::size_t>(pieces),
                               std::max(bits / pieces, min_prime_bits(literal_.log_n)));
  }
  double largest_output() const {
    double largest = 1e-9;
    for (const packing::CircuitOutput& output : circuit_.outputs) {
      largest = std::max(largest, magnitudes_[output.node]);
    }
    return largest;
  }
  double value_bits(CircuitNodeId id, const StepScales& scales) const {
    return scales.node[id] + std::log2(std::max(magnitudes_[id], 1e-9)) + 1.25 + goal_.guard_bits;
  }

  // The cheapest digits that the table allows and that keep key switching quiet.
  void choose_key_switching(Candidate& candidate) const {
    const ParametersLiteral plain = candidate.literal;
    std::optional<double> best;
    for (unsigned digit_primes = 1; digit_primes <= kMaxDigitPrimes; ++digit_primes) {
      const auto with =
          with_special_primes(plain, digit_primes, min_prime_bits(plain.log_n),
                              [&](const ckks_params::NoiseModel& noise) {
                                return quiet_switching(candidate.program, noise, kKeyShare);
                              });
      if (!with) continue;
      candidate.program.special_primes = with->p;
      const double seconds =
          machine_.seconds(query_work(candidate.program, with->log_n, with->digit_primes).sum(), 1);
      if (best && seconds >= *best) continue;
      best = seconds;
      candidate.literal = *with;
    }
    if (!best) {
      double log_q = 0;
      for (const std::uint64_t q : plain.q) log_q += std::log2(static_cast<double>(q));
      base::fail(
          base::ErrorCode::kUnsupported,
          "log Q " + std::to_string(std::lround(log_q)) +
              " leaves no room for special primes below the table's " +
              std::to_string(std::lround(ckks_params::max_log_qp(plain.log_n, plain.security))));
    }
    candidate.seconds = *best;
    candidate.program.special_primes = candidate.literal.p;
  }

  // The largest error of any output on the examples.
  double simulate(const Candidate& candidate) const {
    const ckks_params::NoiseModel noise(Parameters::create(candidate.literal));
    double largest = 0;
    std::uint64_t seed = 11;
    for (const Example& example : examples_) {
      std::map<std::string, program::Bundle> inputs;
      for (const auto& [name, rows] : example) {
        program::Bundle bundle(rows.size(), 1);
        bundle.data = rows;
        inputs.emplace(name, std::move(bundle));
      }
      const auto outputs =
          program::run_reference(candidate.program, std::move(inputs),
                                 program::noise_observer(candidate.program, noise, seed++));
      for (const auto& [name, truth] : packing::run(circuit_, example)) {
        const std::vector<double>& rows = outputs.at(name).data;
        for (std::size_t r = 0; r < rows.size(); ++r) {
          largest = std::max(largest, std::abs(rows[r] - truth[r]));
        }
      }
    }
    return largest;
  }

  void note(const Candidate& candidate, const StepBits& bits) {
    char text[200];
    std::snprintf(text, sizeof text,
                  "state %.1f, work %.1f bits: %zu primes, log QP %.0f, %.1f bits of precision, "
                  "%.3g ms",
                  bits.state, bits.work, candidate.literal.q.size(),
                  Parameters::create(candidate.literal).log_qp(), -std::log2(candidate.error),
                  candidate.seconds * 1e3);
    considered_.push_back(text);
  }

  CompiledStep result(Candidate&& best) const {
    CompiledStep compiled;
    compiled.states = states_;
    const auto inputs = program::input_ports(best.program);
    const auto outputs = program::output_ports(best.program);
    for (program::StepState& state : compiled.states) {
      const double in = inputs.at(state.name).scale.value;
      const double out = outputs.at(state.name).scale.value;
      state.shift = static_cast<unsigned>(std::max(0L, std::lround(std::log2(out / in))));
      if (std::abs(out / std::ldexp(in, static_cast<int>(state.shift)) - 1) > 1e-9) {
        base::fail(base::ErrorCode::kUnsupported,
                   "state '" + state.name + "' does not come back at its own scale");
      }
    }
    compiled.precision_bits = -std::log2(best.error);
    compiled.seconds = best.seconds;
    compiled.considered = considered_;
    add_programs(best, compiled);
    compiled.parameters = std::move(best.literal);
    return compiled;
  }

  // The circuits after the first, with its scales.
  void add_programs(Candidate& best, CompiledStep& compiled) const {
    compiled.programs.push_back(std::move(best.program));
    for (std::size_t i = 1; i < circuits_.size(); ++i) {
      if (circuits_[i].nodes.size() != circuit_.nodes.size()) {
        base::fail(base::ErrorCode::kInvalidArgument, "the circuits of a step differ in shape");
      }
      compiled.programs.push_back(emit_step(circuits_[i], heights_, best.scales, best.literal.q,
                                            best.base_level, magnitudes_));
      compiled.programs.back().special_primes = best.literal.p;
      program::verify(compiled.programs.back());
    }
  }

  const std::vector<packing::SlotCircuit>& circuits_;
  const packing::SlotCircuit& circuit_;  ///< the first
  const std::vector<Example>& examples_;
  const StepGoal& goal_;
  const ckks_params::MachineProfile& machine_;
  Heights heights_;
  std::vector<double> magnitudes_;
  std::vector<program::StepState> states_;
  std::vector<std::string> refreshed_, carried_;
  ParametersLiteral literal_;
  std::vector<std::string> considered_;
};

}  // namespace

CompiledStep compile_step(const std::vector<packing::SlotCircuit>& circuits,
                          const std::vector<std::map<std::string, packing::SlotVectors>>& examples,
                          const StepGoal& goal, const ckks_params::MachineProfile& machine) {
  if (circuits.empty()) {
    base::fail(base::ErrorCode::kInvalidArgument, "no circuit is to be compiled");
  }
  return StepCompiler(circuits, examples, goal, machine).run();
}

CompiledStep compile_step(const packing::SlotCircuit& circuit,
                          const std::vector<std::map<std::string, packing::SlotVectors>>& examples,
                          const StepGoal& goal, const ckks_params::MachineProfile& machine) {
  return compile_step(std::vector<packing::SlotCircuit>{circuit}, examples, goal, machine);
}

}  // namespace serdab::compiler
