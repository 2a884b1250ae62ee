#include "networks/compiler/plan/plan.h"

#include <algorithm>
#include <cmath>

#include "networks/compiler/plan/work.h"
#include "networks/program/file_sizes.h"
#include "networks/program/prepared_weights.h"

namespace serdab::compiler {
namespace {

using program::Program;
using program::Value;

std::vector<double> bits_of(const std::vector<std::uint64_t>& primes) {
  std::vector<double> bits;
  for (std::uint64_t p : primes) bits.push_back(std::log2(static_cast<double>(p)));
  return bits;
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

  const program::FileSizes sizes = program::file_sizes(package);
  plan.query_bytes = sizes.query;
  plan.answer_bytes = sizes.answer;
  plan.evaluation_key_bytes = sizes.evaluation_keys;
  plan.rotation_keys = program::rotation_keys(program).size();

  const auto work = count_work(program, literal.log_n, literal.digit_primes);
  for (std::size_t id = 0; id < program.values.size(); ++id) {
    const double seconds = machine.seconds(work[id].sum(), threads);
    plan.seconds += seconds;
    plan.rows.push_back(make_row(plan, program, program.values[id], seconds));
  }
  plan.threads = threads;
  plan.machine = machine.name;
  plan.memory = program::server_memory(package, threads, program::kPreparedWeightBytes);
  plan.first_seconds =
      machine.seconds({.fresh_bytes = static_cast<double>(plan.memory.ciphertexts)}, threads);
  plan.answer_limit = package.manifest.answer_limit;
  plan.answer_noise = package.manifest.answer_noise;
  plan.largest_answer = program.answer().calibrated;
  return plan;
}

}  // namespace serdab::compiler
