#include "networks/runtime/executor.h"

#include <algorithm>
#include <string>

#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/circuits/rotated_total.h"
#include "engine/ring/automorphism.h"
#include "networks/runtime/affine.h"
#include "networks/runtime/internal/charge.h"
#include "networks/runtime/internal/element_run.h"

namespace serdab::runtime {
namespace {

using base::ErrorCode;
using ckks::Ciphertext;
using internal::Charge;
using program::Element;
using program::Value;
using program::ValueId;
using program::WorkKind;

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
  if (const auto* contract = std::get_if<program::Contract>(&value.op)) {
    return words * static_cast<double>(contract->terms.size()) / value.count;
  }
  if (const auto* total = std::get_if<program::RotatedTotal>(&value.op)) {
    return words * words * 2 * static_cast<double>(total->rotations.size());
  }
  if (std::holds_alternative<program::Rotate>(value.op)) return words * words;
  if (std::holds_alternative<program::Relinearise>(value.op)) return words * words * 2;
  if (std::holds_alternative<program::Rescale>(value.op)) return words * 4;
  return words * 0.5;
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
  std::uint32_t inputs = 0;
  for (const Value& value : program_.values) {
    store_.emplace_back(value.count);
    input_begin_.push_back(inputs);
    if (std::holds_alternative<program::Input>(value.op)) inputs += value.count;
  }
  find_last_readers();
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

void Executor::check_landed(const Ciphertext& result, const Value& value) {
  if (result.level() != value.level || result.scale() != value.scale ||
      result.size() != value.parts) {
    base::fail(ErrorCode::kMismatch, std::string("a ") + program::op_name(value.op) +
                                         " did not land on its planned level and scale");
  }
}

void Executor::add_stages(program::ByWork<double>& seconds, const circuits::StageSeconds& stages) {
  seconds[WorkKind::kDecomposing] += stages.decompose;
  seconds[WorkKind::kInnerProducts] += stages.inner_products;
  seconds[WorkKind::kPlaintextProducts] += stages.plaintext_products;
  seconds[WorkKind::kEncoding] += stages.encodings;
  seconds[WorkKind::kGiantSteps] += stages.giant_steps;
  seconds[WorkKind::kDivisions] += stages.divisions;
}

Executor::Ran& Executor::Ran::operator+=(const Ran& other) {
  counts += other.counts;
  seconds += other.seconds;
  return *this;
}

void Executor::find_last_readers() {
  last_reader_.resize(program_.values.size());
  for (const program::Stage& stage : schedule_.stages) {
    for (const ValueId id : stage.values) {
      for (const ValueId from : program::operands(program_.values[id].op)) {
        if (std::find(stage.values.begin(), stage.values.end(), from) != stage.values.end()) {
          last_reader_[from] = id;
        }
      }
    }
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
    tile.products.insert(tile.products.end(), part.products.begin(), part.products.end());
  }
  run_tile(stage, tile);
  for (const Element& element : wave.release) store_[element.value][element.index].reset();
  ++next_wave_;
}

void Executor::run_tile(const program::Stage& stage, const program::Tile& tile) {
  const ValueId id = stage.values.front();
  if (program::made_one_by_one(program_.values[id].op)) {
    run_elements(stage, tile, 0, std::vector<Ciphertext>(tile.elements.size()));
    return;
  }
  // What mixes and divides does so together with the rescale that follows it.
  std::size_t made = 1, primes = 0;
  if (fusible(stage.values)) {
    made = 2;
    primes = std::get<program::Rescale>(program_.values[stage.values[1]].op).primes;
  }
  std::vector<Ciphertext> first = start_tile(id, tile, primes);
  for (const Ciphertext& c : first) check_landed(c, program_.values[stage.values[made - 1]]);
  if (made == 2) ran_.counts.rescales += first.size();
  run_elements(stage, tile, made, std::move(first));
}

// first[i]: value `made` − 1 of the stage for the tile's element i, if any is made.
void Executor::run_elements(const program::Stage& stage, const program::Tile& tile,
                            std::size_t made, std::vector<Ciphertext>&& first) {
  std::vector<Ran> ran(first.size());
  base::parallel_for(first.size(), [&](std::size_t i) {
    const std::uint32_t index = tile.elements[i];
    ElementRun element(*this, stage, index);
    if (made > 0) element.give(stage.values[made - 1], std::move(first[i]));
    element.run(made);
    for (ValueId id : stage.stored) store_[id][index] = element.take(id);
    ran[i] = element.ran();
  });
  for (const Ran& of_element : ran) ran_ += of_element;
}

std::vector<Ciphertext> Executor::start_tile(ValueId id, const program::Tile& tile,
                                             std::size_t rescale_primes) {
  const program::Op& op = program_.values[id].op;
  if (std::holds_alternative<program::Transform>(op)) return transform(id, rescale_primes);
  if (const auto* rotate = std::get_if<program::Rotate>(&op)) return rotated(*rotate);
  if (const auto* total = std::get_if<program::RotatedTotal>(&op)) {
    std::vector<Ciphertext> one;
    one.push_back(rotated_total(*total, rescale_primes));
    return one;
  }
  const bool is_input = std::holds_alternative<program::Input>(op);
  const Charge charge(ran_.seconds, is_input ? WorkKind::kUnpacking : WorkKind::kWeightedSums);
  if (is_input) return read_inputs(id, tile);
  ckks::CiphertextInfo info;
  info.parameter_id = context_.parameters().id();
  info.key_id = keys_.key_id();
  return run_affine(context_, program_, id, tile, info,
                    [&](ValueId from, std::uint32_t index) -> const Ciphertext& {
                      return store_[from][index].value();
                    });
}

std::vector<Ciphertext> Executor::read_inputs(ValueId id, const program::Tile& tile) const {
  const Value& value = program_.values[id];
  std::vector<Ciphertext> inputs(tile.elements.size());
  base::parallel_for(inputs.size(), [&](std::size_t i) {
    inputs[i] = input_(input_begin_[id] + tile.elements[i]);
    const Ciphertext& input = inputs[i];
    if (input.size() != value.parts || input.level() != value.level ||
        input.scale() != value.scale) {
      const std::string& name = program::input_name(program_, id);
      base::fail(ErrorCode::kMismatch,
                 "the " + (name.empty() ? "query" : "input '" + name + "'") +
                     "'s level or scale is not the one the program was compiled for");
    }
  });
  return inputs;
}

std::vector<const Ciphertext*> Executor::stored(ValueId id) const {
  std::vector<const Ciphertext*> elements;
  for (const std::optional<Ciphertext>& element : store_[id]) elements.push_back(&element.value());
  return elements;
}

std::vector<Ciphertext> Executor::transform(ValueId id, std::size_t rescale_primes) {
  const ValueId from = std::get<program::Transform>(program_.values[id].op).from;
  circuits::OperationCounts ran;
  circuits::StageSeconds stages;
  std::vector<Ciphertext> outputs = prepared_.transform(id).apply(
      evaluator_, stored(from), keys_.rotations(), rescale_primes, &ran, &stages);
  ran_.counts.lazy_rotations += ran.lazy_rotations;
  ran_.counts.full_rotations += ran.full_rotations;
  ran_.counts.plaintext_products += ran.plaintext_products;
  add_stages(ran_.seconds, stages);
  return outputs;
}

std::vector<Ciphertext> Executor::rotated(const program::Rotate& op) {
  const Ciphertext& from = store_[op.from].front().value();
  ckks::Decomposition digits;
  {
    const Charge charge(ran_.seconds, WorkKind::kDecomposing);
    digits = ckks::mod_up(context_, from.part(1), from.level());
  }
  const std::vector<circuits::Rotation> rotations = prepared_.in_slots(op.rotations);
  std::vector<Ciphertext> results(rotations.size());
  std::vector<Ran> ran(rotations.size());
  base::parallel_for(rotations.size(), [&](std::size_t e) {
    results[e] = rotated(from, digits, rotations[e], ran[e]);
  });
  for (const Ran& of_element : ran) ran_ += of_element;
  return results;
}

// The first step from the digits of part 1, which all rotations share.
Ciphertext Executor::rotated(const Ciphertext& from, const ckks::Decomposition& digits,
                             const circuits::Rotation& rotation, Ran& ran) const {
  if (rotation.steps.empty()) return from.clone();
  const ckks_params::Parameters& parameters = context_.parameters();
  Ciphertext result;
  {
    const Charge charge(ran.seconds, WorkKind::kInnerProducts);
    const auto element = ring::rotation_element(parameters.ring(), parameters.log_n(),
                                                static_cast<long>(rotation.steps.front()));
    result = evaluator_.apply_galois_hoisted(from, digits, keys_.rotations().at(element));
    ++ran.counts.hoisted_rotations;
  }
  const Charge charge(ran.seconds, WorkKind::kGiantSteps);
  for (std::size_t s = 1; s < rotation.steps.size(); ++s) {
    const auto step = static_cast<long>(rotation.steps[s]);
    result = evaluator_.rotate(result, step, keys_.rotations());
    ++ran.counts.full_rotations;
  }
  return result;
}

Ciphertext Executor::rotated_total(const program::RotatedTotal& op, std::size_t rescale_primes) {
  circuits::StageSeconds stages;
  Ciphertext total =
      circuits::rotated_total(evaluator_, stored(op.from), prepared_.in_slots(op.rotations),
                              keys_.rotations(), rescale_primes, &stages);
  add_stages(ran_.seconds, stages);
  for (const program::Rotation& rotation : op.rotations) {
    if (rotation.steps.empty()) continue;
    ++ran_.counts.lazy_rotations;
    ran_.counts.full_rotations += rotation.steps.size() - 1;
  }
  return total;
}

// What divides and is only read by the rescale that follows it: they divide at once.
bool Executor::fusible(std::span<const ValueId> rest) const {
  if (rest.size() < 2 || !divided_by_rescale_[rest[0]]) return false;
  const auto* rescale = std::get_if<program::Rescale>(&program_.values[rest[1]].op);
  return rescale != nullptr && rescale->from == rest[0] &&
         rescale->primes <= ckks::Context::kMaxDrop;
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
  if (!program_.outputs.empty()) {
    base::fail(ErrorCode::kInvalidArgument, "the program has outputs by name: take_outputs");
  }
  return std::move(take_outputs().begin()->second);
}

std::map<std::string, std::vector<Ciphertext>> Executor::take_outputs() {
  if (!done()) base::fail(ErrorCode::kInvalidArgument, "the run is not finished");
  std::vector<program::Output> wanted = program_.outputs;
  if (wanted.empty()) wanted.push_back({"", program::outputs_of(program_).front()});
  std::map<std::string, std::vector<Ciphertext>> outputs;
  for (auto output = wanted.begin(); output != wanted.end(); ++output) {
    // A value may be an output by several names: the last one takes it.
    const bool again = std::any_of(output + 1, wanted.end(), [&](const program::Output& later) {
      return later.value == output->value;
    });
    for (std::optional<Ciphertext>& c : store_[output->value]) {
      outputs[output->name].push_back(again ? c.value().clone() : std::move(c).value());
      if (!again) c.reset();
    }
  }
  return outputs;
}

}  // namespace serdab::runtime
