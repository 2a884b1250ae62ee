#include "networks/runtime/executor.h"

#include <algorithm>

#include "engine/arith/modulus.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/circuits/rotate_sum.h"
#include "engine/kernels/kernels.h"
#include "networks/runtime/affine.h"

namespace serdab::runtime {
namespace {

using base::ErrorCode;
using ckks::Ciphertext;
using program::Element;
using program::Value;
using program::ValueId;

// Rough relative work of an op on one ciphertext, for progress bars only.
double weight(const Value& value) {
  const double words = static_cast<double>(value.parts * value.level.primes());
  if (const auto* affine = std::get_if<program::Affine>(&value.op)) {
    double products = 0;
    for (const auto& term : affine->terms) {
      for (const auto& block : term.blocks) {
        products += static_cast<double>(block.inputs.size() * block.outputs.size());
      }
    }
    return words * products / value.count * 0.05;
  }
  if (const auto* transform = std::get_if<program::Transform>(&value.op)) {
    const double rotations =
        words * static_cast<double>(transform->babies.size() + transform->giants.size());
    return words * static_cast<double>(transform->diagonals.size()) / value.count + rotations;
  }
  if (const auto* sum = std::get_if<program::RotateSum>(&value.op)) {
    return words * words * 2 * static_cast<double>(sum->rotations.size());
  }
  if (std::holds_alternative<program::Relinearise>(value.op)) return words * words * 2;
  if (std::holds_alternative<program::Rescale>(value.op)) return words * 4;
  return words * 0.5;
}

void check_landed(const Ciphertext& result, const Value& value) {
  if (result.level() != value.level || result.scale() != value.scale ||
      result.size() != value.parts) {
    base::fail(ErrorCode::kMismatch, std::string("a ") + program::op_name(value.op) +
                                         " did not land on its planned level and scale");
  }
}

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

using program::WorkKind;

// Adds processor seconds to a kind of work while it lives.
class Charge {
 public:
  Charge(program::ByWork<double>& seconds, WorkKind kind)
      : to_(seconds[kind]), start_(base::thread_seconds()) {}
  ~Charge() { to_ += base::thread_seconds() - start_; }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;

 private:
  double& to_;
  double start_;
};

void add_stages(program::ByWork<double>& seconds, const circuits::StageSeconds& stages) {
  seconds[WorkKind::kDecomposing] += stages.decompose;
  seconds[WorkKind::kInnerProducts] += stages.inner_products;
  seconds[WorkKind::kPlaintextProducts] += stages.plaintext_products;
  seconds[WorkKind::kGiantSteps] += stages.giant_steps;
  seconds[WorkKind::kDivisions] += stages.divisions;
}

}  // namespace

Executor::Executor(const Prepared& prepared, const Keys& keys, InputSource input)
    : prepared_(prepared),
      program_(prepared.program()),
      context_(prepared.context()),
      evaluator_(context_),
      keys_(keys),
      input_(std::move(input)),
      schedule_(program::make_schedule(program_)) {
  keys.check(program_, context_);
  for (const Value& value : program_.values) store_.emplace_back(value.count);
  stored_.resize(program_.values.size());
  divided_by_rescale_ = program::divided_by_rescale(program_);
  for (const program::Stage& stage : schedule_.stages) {
    for (ValueId id : stage.stored) stored_[id] = true;
  }
  double sum = 0;
  for (const program::Wave& wave : schedule_.waves) {
    const program::Stage& stage = schedule_.stages[wave.stage];
    double per_element = 0;
    for (ValueId id : stage.values) per_element += weight(program_.values[id]);
    for (std::uint32_t t : wave.tiles)
      sum += per_element * static_cast<double>(stage.tiles[t].elements.size());
    wave_weight_.push_back(sum);
  }
}

double Executor::progress() const {
  return next_wave_ == 0 ? 0 : wave_weight_[next_wave_ - 1] / wave_weight_.back();
}

void Executor::run_wave() {
  const program::Wave& wave = schedule_.waves[next_wave_];
  const program::Stage& stage = schedule_.stages[wave.stage];
  // All tiles of a wave as one: windows that overlap share the preparation of their inputs.
  program::Tile tile;
  for (std::uint32_t t : wave.tiles) {
    const program::Tile& part = stage.tiles[t];
    tile.elements.insert(tile.elements.end(), part.elements.begin(), part.elements.end());
    tile.blocks.insert(tile.blocks.end(), part.blocks.begin(), part.blocks.end());
  }
  run_tile(stage, tile);
  for (const Element& element : wave.release) store_[element.value][element.index].reset();
  ++next_wave_;
}

void Executor::run_tile(const program::Stage& stage, const program::Tile& tile) {
  // A transform divides together with the rescale that follows it.
  std::size_t begin = 0;
  std::vector<Ciphertext> first;
  if (std::holds_alternative<program::Transform>(program_.values[stage.values.front()].op) &&
      fusible(stage.values)) {
    begin = 1;
    first = transform(stage.values[0],
                      std::get<program::Rescale>(program_.values[stage.values[1]].op).primes);
    ran_.counts.rescales += first.size();
  } else {
    first = start_tile(stage.values.front(), tile);
  }
  for (const Ciphertext& made : first) check_landed(made, program_.values[stage.values[begin]]);
  std::vector<Ran> ran(first.size());
  base::parallel_for(first.size(), [&](std::size_t i) {
    ran[i] = run_element(stage, begin, tile.elements[i], std::move(first[i]));
  });
  for (const Ran& of_element : ran) {
    ran_.counts += of_element.counts;
    ran_.seconds += of_element.seconds;
  }
}

std::vector<Ciphertext> Executor::read_inputs(const program::Tile& tile) const {
  const Value& value = program_.input();
  std::vector<Ciphertext> inputs(tile.elements.size());
  base::parallel_for(inputs.size(), [&](std::size_t i) {
    inputs[i] = input_(tile.elements[i]);
    const Ciphertext& input = inputs[i];
    if (input.size() != value.parts || input.level() != value.level ||
        input.scale() != value.scale) {
      base::fail(ErrorCode::kMismatch,
                 "the query's level or scale is not the one the program was compiled for");
    }
  });
  return inputs;
}

std::vector<Ciphertext> Executor::transform(ValueId id, std::size_t rescale_primes) {
  const ValueId from = std::get<program::Transform>(program_.values[id].op).from;
  std::vector<const Ciphertext*> inputs;
  for (const std::optional<Ciphertext>& input : store_[from]) inputs.push_back(&input.value());
  circuits::OperationCounts ran;
  circuits::StageSeconds stages;
  std::vector<Ciphertext> outputs = prepared_.transform(id).apply(
      evaluator_, inputs, keys_.rotations(), rescale_primes, &ran, &stages);
  ran_.counts.lazy_rotations += ran.lazy_rotations;
  ran_.counts.full_rotations += ran.full_rotations;
  ran_.counts.plaintext_products += ran.plaintext_products;
  add_stages(ran_.seconds, stages);
  return outputs;
}

std::vector<Ciphertext> Executor::start_tile(ValueId first, const program::Tile& tile) {
  const program::Op& op = program_.values[first].op;
  if (std::holds_alternative<program::Transform>(op)) return transform(first, 0);
  const bool is_input = std::holds_alternative<program::Input>(op);
  const Charge charge(ran_.seconds, is_input ? WorkKind::kUnpacking : WorkKind::kWeightedSums);
  if (is_input) return read_inputs(tile);
  ckks::CiphertextInfo info;
  info.parameter_id = context_.parameters().id();
  info.key_id = keys_.key_id();
  return run_affine(context_, program_, first, tile, info,
                    [&](ValueId id, std::uint32_t index) -> const Ciphertext& {
                      return store_[id][index].value();
                    });
}

// The ops of one element after stage.values[begin], which is given.
Executor::Ran Executor::run_element(const program::Stage& stage, std::size_t begin,
                                    std::uint32_t index, Ciphertext&& first) {
  Ran ran;
  std::map<ValueId, Ciphertext> local;
  local.emplace(stage.values[begin], std::move(first));
  std::span<const ValueId> rest = std::span(stage.values).subspan(begin);
  while (rest.size() > 1) {
    rest = rest.subspan(1);
    if (fusible(rest)) rest = rest.subspan(1);
    const ValueId id = rest.front();
    local.insert_or_assign(id, apply(id, index, local, rest, ran));
  }
  for (ValueId id : stage.stored) store(id, index, std::move(local.at(id)));
  return ran;
}

// A relinearisation or transform whose only reader is the rescale that follows it: both divide, so
// they divide at once.
bool Executor::fusible(std::span<const ValueId> rest) const {
  if (rest.size() < 2 || !divided_by_rescale_[rest[0]]) return false;
  const auto* rescale = std::get_if<program::Rescale>(&program_.values[rest[1]].op);
  return rescale != nullptr && rescale->from == rest[0] &&
         rescale->primes <= ckks::Context::kMaxDrop;
}

// `rest` are the stage's ops from this one on: an operand that none of the later ones reads and
// that is not stored may be consumed.
Ciphertext Executor::apply(ValueId id, std::uint32_t index, std::map<ValueId, Ciphertext>& local,
                           std::span<const ValueId> rest, Ran& ran) const {
  const auto operand = [&](ValueId from) -> const Ciphertext& {
    const auto at = local.find(from);
    return at != local.end() ? at->second : store_[from][index].value();
  };
  const auto consume = [&](ValueId from) {
    const auto at = local.find(from);
    const bool read_later = std::any_of(rest.begin() + 1, rest.end(), [&](ValueId later) {
      const auto ids = program::operands(program_.values[later].op);
      return std::find(ids.begin(), ids.end(), from) != ids.end();
    });
    if (at == local.end() || read_later || stored_[from]) return operand(from).clone();
    return std::move(at->second);
  };
  const Value& value = program_.values[id];
  Ciphertext result;
  if (const auto* square = std::get_if<program::Square>(&value.op)) {
    const Charge charged(ran.seconds, WorkKind::kCiphertextProducts);
    result = evaluator_.square(operand(square->from));
    ++ran.counts.ciphertext_products;
  } else if (const auto* multiply = std::get_if<program::Multiply>(&value.op)) {
    const Charge charged(ran.seconds, WorkKind::kCiphertextProducts);
    result = evaluator_.multiply(operand(multiply->a), operand(multiply->b));
    ++ran.counts.ciphertext_products;
  } else if (const auto* scaled = std::get_if<program::AddScaled>(&value.op)) {
    const Charge charged(ran.seconds, WorkKind::kAdditions);
    result = consume(scaled->from);
    add_scaled(context_, result, operand(scaled->addend),
               scaled->factors[scaled->factors.size() == 1 ? 0 : index]);
  } else if (const auto* constant = std::get_if<program::AddConstant>(&value.op)) {
    const Charge charged(ran.seconds, WorkKind::kAdditions);
    result = consume(constant->from);
    const std::vector<double>& constants = constant->constants;
    if (constants.size() == 1 || program_.positions == 1) {
      evaluator_.add_scalar(result, constants[constants.size() == 1 ? 0 : index]);
    } else {
      evaluator_.add_plain(result, prepared_.constants(id, index));
    }
  } else if (const auto* relinearise = std::get_if<program::Relinearise>(&value.op)) {
    const Charge charged(ran.seconds, WorkKind::kRelinearising);
    result = consume(relinearise->from);
    evaluator_.relinearise(result, *keys_.relinearisation());
    ++ran.counts.relinearisations;
  } else if (const auto* rescale = std::get_if<program::Rescale>(&value.op)) {
    result = apply_rescale(*rescale, local, consume, ran);
  } else if (const auto* sum = std::get_if<program::RotateSum>(&value.op)) {
    result = consume(sum->from);
    add_rotations(*sum, 0, result, ran);
  } else if (const auto* drop = std::get_if<program::ModDrop>(&value.op)) {
    result = consume(drop->from);
    evaluator_.mod_drop(result, value.level);
  } else if (const auto* scale_up = std::get_if<program::ScaleUp>(&value.op)) {
    const Charge charged(ran.seconds, WorkKind::kAdditions);
    result = consume(scale_up->from);
    evaluator_.multiply_integer(result, static_cast<std::int64_t>(scale_up->factor));
    result.set_info(value.level, value.scale);
  }
  check_landed(result, value);
  return result;
}

// Together with the division of what it reads, if that was left to it.
Ciphertext Executor::apply_rescale(const program::Rescale& rescale,
                                   const std::map<ValueId, Ciphertext>& local,
                                   const std::function<Ciphertext(ValueId)>& consume,
                                   Ran& ran) const {
  ++ran.counts.rescales;
  const bool is_local = local.find(rescale.from) != local.end();
  const program::Op& before = program_.values[rescale.from].op;
  if (const auto* relinearise = std::get_if<program::Relinearise>(&before);
      relinearise != nullptr && !is_local) {
    Ciphertext result = consume(relinearise->from);
    ckks::LiftedCiphertext lifted;
    {
      const Charge charged(ran.seconds, WorkKind::kRelinearising);
      lifted = evaluator_.relinearise_lifted(result, *keys_.relinearisation());
    }
    ++ran.counts.relinearisations;
    const Charge charged(ran.seconds, WorkKind::kDivisions);
    return evaluator_.lower(std::move(lifted), rescale.primes);
  }
  if (const auto* sum = std::get_if<program::RotateSum>(&before); sum != nullptr && !is_local) {
    Ciphertext result = consume(sum->from);
    add_rotations(*sum, rescale.primes, result, ran);
    return result;
  }
  Ciphertext result = consume(rescale.from);
  const Charge charged(ran.seconds, WorkKind::kDivisions);
  evaluator_.rescale(result, rescale.primes);
  return result;
}

void Executor::add_rotations(const program::RotateSum& sum, std::size_t rescale_primes,
                             Ciphertext& x, Ran& ran) const {
  circuits::StageSeconds stages;
  circuits::rotate_sum(evaluator_, x, prepared_.in_slots(sum.rotations), keys_.rotations(),
                       rescale_primes, &stages);
  add_stages(ran.seconds, stages);
  for (const program::Rotation& rotation : sum.rotations) {
    ran.counts.full_rotations += rotation.steps.size();
  }
}

void Executor::store(ValueId id, std::uint32_t index, Ciphertext&& ciphertext) {
  store_[id][index] = std::move(ciphertext);
}

const std::map<Element, const Ciphertext*> Executor::live() const {
  std::map<Element, const Ciphertext*> result;
  for (ValueId id = 0; id < store_.size(); ++id) {
    for (std::uint32_t i = 0; i < store_[id].size(); ++i) {
      if (store_[id][i]) result[{id, i}] = &*store_[id][i];
    }
  }
  return result;
}

void Executor::restore(std::size_t waves_done, std::map<Element, Ciphertext>&& live) {
  if (waves_done > waves())
    base::fail(ErrorCode::kMismatch, "the checkpoint is of another program");
  std::map<Element, bool> expected;
  for (std::size_t w = 0; w < waves_done; ++w) {
    const program::Wave& wave = schedule_.waves[w];
    const program::Stage& stage = schedule_.stages[wave.stage];
    for (std::uint32_t t : wave.tiles) {
      for (ValueId id : stage.stored) {
        for (std::uint32_t i : stage.tiles[t].elements) expected[{id, i}] = true;
      }
    }
    for (const Element& element : wave.release) expected.erase(element);
  }
  const bool same = std::equal(live.begin(), live.end(), expected.begin(), expected.end(),
                               [](const auto& a, const auto& b) { return a.first == b.first; });
  if (!same) base::fail(ErrorCode::kMismatch, "the checkpoint does not hold this program's values");
  for (auto& [element, ciphertext] : live) {
    const Value& value = program_.values[element.value];
    if (ciphertext.level() != value.level || ciphertext.scale() != value.scale ||
        ciphertext.size() != value.parts) {
      base::fail(ErrorCode::kMismatch, "the checkpoint holds a value of another level or scale");
    }
    store_[element.value][element.index] = std::move(ciphertext);
  }
  next_wave_ = waves_done;
}

std::vector<Ciphertext> Executor::take_answer() {
  if (!done()) base::fail(ErrorCode::kInvalidArgument, "the run is not finished");
  std::vector<Ciphertext> answer;
  for (auto& ciphertext : store_.back()) answer.push_back(std::move(ciphertext).value());
  return answer;
}

}  // namespace serdab::runtime
