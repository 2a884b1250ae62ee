#include "networks/compiler/plan/plan.h"

#include <algorithm>
#include <cmath>

#include "networks/compiler/plan/work.h"
#include "networks/program/schedule.h"

namespace serdab::compiler {
namespace {

using program::Program;
using program::Value;

std::vector<double> bits_of(const std::vector<std::uint64_t>& primes) {
  std::vector<double> bits;
  for (std::uint64_t p : primes) bits.push_back(std::log2(static_cast<double>(p)));
  return bits;
}

// Bytes of n residues modulo the first `count` primes and all special ones, packed.
std::size_t packed(const std::vector<double>& bits, std::size_t count, std::size_t n) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < count; ++i)
    sum += (n * static_cast<std::size_t>(std::ceil(bits[i])) + 7) / 8;
  return sum;
}

double log_q_at(const Plan& plan, base::Level level) {
  double sum = 0;
  for (std::size_t i = 0; i < level.primes(); ++i) sum += plan.prime_bits[i];
  return sum;
}

PlanRow make_row(const Plan& plan, const Program& program, const Value& value, double seconds) {
  PlanRow row;
  row.layer = value.layer;
  if (const auto* transform = std::get_if<program::Transform>(&value.op)) {
    row.diagonals = transform->diagonals.size();
  }
  row.op = program::op_name(value.op);
  row.ciphertexts = value.count;
  row.parts = value.parts;
  row.level = value.level.value;
  row.scale_bits = std::log2(value.scale.value);
  row.magnitude = value.calibrated;
  row.headroom_bits = log_q_at(plan, value.level) - 1 - row.scale_bits -
                      std::log2(std::max(value.calibrated, 1e-9));
  row.seconds = seconds;
  if (const auto* rescale = std::get_if<program::Rescale>(&value.op)) {
    row.bits_spent = std::log2(program.values[rescale->from].scale.value) - row.scale_bits;
  }
  return row;
}

}  // namespace

Plan make_plan(const program::Package& package, const ckks_params::MachineProfile& machine,
               std::size_t threads) {
  const Program& program = package.program;
  const ckks_params::ParametersLiteral& literal = package.parameters;
  Plan plan;
  plan.model = package.manifest.model;
  plan.layout = program.layout == program::Layout::kBatch ? "batch" : "packed";
  plan.positions = program.positions;
  plan.ring = literal.ring == base::RingKind::kStandard ? "standard" : "real";
  plan.log_n = literal.log_n;
  const std::size_t n = std::size_t{1} << literal.log_n;
  plan.slots = literal.ring == base::RingKind::kStandard ? n / 2 : n;
  plan.prime_bits = bits_of(literal.q);
  plan.special_prime_bits = bits_of(literal.p);
  for (double bits : plan.prime_bits) plan.log_q += bits;
  for (double bits : plan.special_prime_bits) plan.log_p += bits;
  plan.security_bits = ckks_params::security_bits(literal.security);
  plan.table_log_qp = ckks_params::max_log_qp(literal.log_n, literal.security);
  plan.estimated_security_bits = ckks_params::estimated_security_bits(literal.log_n, plan.log_qp());

  constexpr std::size_t kSeedBytes = 32;
  constexpr std::size_t kHeaderBytes = 160;
  const Value& input = program.input();
  const Value& answer = program.answer();
  plan.query_bytes =
      kHeaderBytes + input.count * (kSeedBytes + packed(plan.prime_bits, input.level.primes(), n));
  plan.answer_bytes = kHeaderBytes + answer.count * answer.parts *
                                         packed(plan.prime_bits, answer.level.primes(), n);
  const auto key_bytes = [&](base::Level level) {
    const std::size_t primes = level.primes();
    const std::size_t digits = (primes + literal.digit_primes - 1) / literal.digit_primes;
    return digits * (packed(plan.prime_bits, primes, n) +
                     packed(plan.special_prime_bits, plan.special_prime_bits.size(), n));
  };
  const std::int32_t level = program::relinearisation_level(program);
  if (level >= 0) {
    plan.evaluation_key_bytes = kHeaderBytes + key_bytes({static_cast<unsigned>(level)});
  }
  for (const program::RotationKey& key : program::rotation_keys(program)) {
    plan.evaluation_key_bytes += kSeedBytes + key_bytes(key.level);
    ++plan.rotation_keys;
  }

  const auto work = count_work(program, literal.log_n, literal.digit_primes);
  for (std::size_t id = 0; id < program.values.size(); ++id) {
    const double seconds = machine.seconds(work[id], threads);
    plan.seconds += seconds;
    plan.rows.push_back(make_row(plan, program, program.values[id], seconds));
  }
  plan.threads = threads;
  plan.machine = machine.name;
  plan.peak_bytes =
      program::planned_peak_bytes(program, program::make_schedule(program), n, threads);
  plan.first_seconds =
      machine.seconds({.fresh_bytes = static_cast<double>(plan.peak_bytes)}, threads);
  plan.answer_limit = package.manifest.answer_limit;
  plan.answer_noise = package.manifest.answer_noise;
  plan.largest_answer = answer.calibrated;
  return plan;
}

}  // namespace serdab::compiler
