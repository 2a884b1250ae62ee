#include "networks/runtime/internal/element_run.h"

#include <vector>

#include "engine/arith/modulus.h"
#include "engine/base/error.h"
#include "engine/circuits/rotate_sum.h"
#include "engine/kernels/kernels.h"
#include "networks/runtime/internal/charge.h"

namespace serdab::runtime {

using ckks::Ciphertext;
using internal::Charge;
using program::ValueId;
using program::WorkKind;

namespace {

// from += k·addend, where the addend may stand at a higher level and have fewer parts.
void add_scaled(const ckks::Context& context, Ciphertext& from, const Ciphertext& addend,
                std::int64_t factor) {
  const ring::RnsBasis basis = context.basis(from.level());
  for (std::size_t part = 0; part < addend.size(); ++part) {
    for (std::size_t limb = 0; limb < basis.size(); ++limb) {
      const arith::Modulus& q = basis.modulus(limb);
      kernels::kernels().multiply_scalar_add(q, addend.part(part).limb(limb),
                                             arith::reduce_signed(factor, q),
                                             from.part(part).limb(limb), context.n());
    }
  }
}

}  // namespace

void Executor::ElementRun::run(std::size_t begin) {
  const std::span<const ValueId> values = stage_.values;
  for (std::size_t at = begin; at < values.size(); ++at) {
    const bool fused = run_.fusible(values.subspan(at));
    if (fused) ++at;
    id_ = values[at];
    Ciphertext made = std::visit([&](const auto& op) { return make(op); }, value().op);
    check_landed(made, value());
    local_.insert_or_assign(id_, std::move(made));
    if (fused) release(values[at - 1]);
    release(id_);
  }
}

const Ciphertext& Executor::ElementRun::operand(ValueId from) const {
  const auto at = local_.find(from);
  if (at != local_.end()) return at->second;
  const auto& elements = run_.store_[from];
  return elements[elements.size() == 1 ? 0 : index_].value();
}

Ciphertext Executor::ElementRun::consume(ValueId from) {
  const auto at = local_.find(from);
  if (at == local_.end() || needed_later(from)) return operand(from).clone();
  Ciphertext taken = std::move(at->second);
  local_.erase(at);
  return taken;
}

bool Executor::ElementRun::needed_later(ValueId id) const {
  return run_.stored_[id] || run_.last_reader_[id] > id_;
}

void Executor::ElementRun::release(ValueId id) {
  for (const ValueId from : program::operands(run_.program_.values[id].op)) {
    if (!needed_later(from)) local_.erase(from);
  }
  if (!needed_later(id)) local_.erase(id);
}

template <typename Op>
Ciphertext Executor::ElementRun::make(const Op&) {
  base::fail(base::ErrorCode::kInvalidArgument,
             std::string("a ") + program::op_name(value().op) + " begins a stage of its own");
}

Ciphertext Executor::ElementRun::make(const program::Square& op) {
  const Charge charged(ran_.seconds, WorkKind::kCiphertextProducts);
  ++ran_.counts.ciphertext_products;
  return run_.evaluator_.square(operand(op.from));
}

Ciphertext Executor::ElementRun::make(const program::Multiply& op) {
  const Charge charged(ran_.seconds, WorkKind::kCiphertextProducts);
  ++ran_.counts.ciphertext_products;
  return run_.evaluator_.multiply(operand(op.a), operand(op.b));
}

Ciphertext Executor::ElementRun::make(const program::AddScaled& op) {
  const Charge charged(ran_.seconds, WorkKind::kAdditions);
  Ciphertext result = op.from == op.addend ? operand(op.from).clone() : consume(op.from);
  add_scaled(run_.context_, result, operand(op.addend),
             op.factors[op.factors.size() == 1 ? 0 : index_]);
  return result;
}

Ciphertext Executor::ElementRun::make(const program::AddConstant& op) {
  const Charge charged(ran_.seconds, WorkKind::kAdditions);
  Ciphertext result = consume(op.from);
  const std::vector<double>& constants = op.constants;
  if (constants.size() == 1 || run_.program_.positions == 1) {
    run_.evaluator_.add_scalar(result, constants[constants.size() == 1 ? 0 : index_]);
  } else {
    run_.evaluator_.add_plain(result, run_.prepared_.constants(id_, index_));
  }
  return result;
}

Ciphertext Executor::ElementRun::make(const program::Relinearise& op) {
  const Charge charged(ran_.seconds, WorkKind::kRelinearising);
  Ciphertext result = consume(op.from);
  run_.evaluator_.relinearise(result, *run_.keys_.relinearisation());
  ++ran_.counts.relinearisations;
  return result;
}

// Together with the division of what it reads, if that was left to it.
Ciphertext Executor::ElementRun::make(const program::Rescale& op) {
  ++ran_.counts.rescales;
  if (!local_.contains(op.from)) {
    const program::Op& before = run_.program_.values[op.from].op;
    if (const auto* relinearise = std::get_if<program::Relinearise>(&before)) {
      return relinearise_rescale(*relinearise, op.primes);
    }
    if (const auto* sum = std::get_if<program::RotateSum>(&before)) {
      return add_rotations(*sum, op.primes);
    }
  }
  Ciphertext result = consume(op.from);
  const Charge charged(ran_.seconds, WorkKind::kDivisions);
  run_.evaluator_.rescale(result, op.primes);
  return result;
}

Ciphertext Executor::ElementRun::relinearise_rescale(const program::Relinearise& op,
                                                     std::size_t primes) {
  ckks::LiftedCiphertext lifted;
  {
    const Ciphertext from = consume(op.from);
    const Charge charged(ran_.seconds, WorkKind::kRelinearising);
    lifted = run_.evaluator_.relinearise_lifted(from, *run_.keys_.relinearisation());
  }
  ++ran_.counts.relinearisations;
  const Charge charged(ran_.seconds, WorkKind::kDivisions);
  return run_.evaluator_.lower(std::move(lifted), primes);
}

Ciphertext Executor::ElementRun::make(const program::ModDrop& op) {
  Ciphertext result = consume(op.from);
  run_.evaluator_.mod_drop(result, value().level);
  return result;
}

Ciphertext Executor::ElementRun::make(const program::ScaleUp& op) {
  const Charge charged(ran_.seconds, WorkKind::kAdditions);
  Ciphertext result = consume(op.from);
  run_.evaluator_.multiply_integer(result, static_cast<std::int64_t>(op.factor));
  result.set_info(value().level, value().scale);
  return result;
}

Ciphertext Executor::ElementRun::make(const program::RotateSum& op) { return add_rotations(op, 0); }

Ciphertext Executor::ElementRun::add_rotations(const program::RotateSum& op,
                                               std::size_t rescale_primes) {
  Ciphertext result = consume(op.from);
  circuits::StageSeconds stages;
  circuits::rotate_sum(run_.evaluator_, result, run_.prepared_.in_slots(op.rotations),
                       run_.keys_.rotations(), rescale_primes, &stages);
  add_stages(ran_.seconds, stages);
  for (const program::Rotation& rotation : op.rotations) {
    ran_.counts.full_rotations += rotation.steps.size();
  }
  return result;
}

// A Contract begins its stage, and its tiles are its elements in order.
Ciphertext Executor::ElementRun::make(const program::Contract& op) {
  const Charge charged(ran_.seconds, WorkKind::kCiphertextProducts);
  std::vector<ckks::Evaluator::Factors> pairs;
  for (const std::uint32_t k : stage_.tiles[index_].products) {
    const program::ProductTerm& term = op.terms[k];
    pairs.push_back({&run_.store_[op.a][term.i].value(), &run_.store_[op.b][term.j].value()});
  }
  ran_.counts.ciphertext_products += pairs.size();
  return run_.evaluator_.sum_of_products(pairs);
}

Ciphertext Executor::ElementRun::make(const program::Mask& op) {
  const Charge charged(ran_.seconds, WorkKind::kPlaintextProducts);
  Ciphertext result = consume(op.from);
  run_.evaluator_.multiply_plain(result, run_.prepared_.mask(id_, index_));
  ++ran_.counts.plaintext_products;
  return result;
}

Ciphertext Executor::ElementRun::make(const program::Select& op) {
  return run_.store_[op.from][op.elements[index_]].value().clone();
}

Ciphertext Executor::ElementRun::make(const program::Reinterpret& op) {
  Ciphertext result = consume(op.from);
  result.set_info(value().level, value().scale);
  return result;
}

}  // namespace serdab::runtime
