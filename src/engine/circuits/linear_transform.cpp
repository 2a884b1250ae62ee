#include "engine/circuits/linear_transform.h"

#include <algorithm>
#include <set>
#include <string>

#include "engine/base/assert.h"
#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/circuits/internal/operands.h"
#include "engine/circuits/internal/transform_plan.h"
#include "engine/ckks/checks.h"
#include "engine/ckks_params/cost_model.h"
#include "engine/ring/arithmetic.h"

namespace serdab::circuits {
namespace {

constexpr const char* kName = "linear transform";
using ckks::Ciphertext;
using ckks::SwitchedPair;

std::size_t plain_bytes(const ckks::Context& context, ckks::Level level, std::size_t repeats) {
  const std::size_t kept = ckks_params::kept_residues(context.n(), repeats);
  return ring::PackedPoly::bytes(context.basis_qp(level)) / (context.n() / kept);
}

/// Every batch reads all its operands from memory once more.
std::size_t batch_plains(const ckks::Context& context, ckks::Level level, std::size_t repeats,
                         bool expanded) {
  if (expanded) return 0;
  return std::clamp<std::size_t>(ckks_params::kEncodingBytes / plain_bytes(context, level, repeats),
                                 4, 4096);
}

}  // namespace

LinearTransform::LinearTransform(const ckks::Context& context, const ckks::Encoder& encoder,
                                 TransformShape shape, Diagonal diagonal, ckks::Level level,
                                 ckks::Scale weights, bool expanded)
    : context_(&context),
      encoder_(&encoder),
      shape_(std::move(shape)),
      diagonal_(std::move(diagonal)),
      level_(level),
      weights_(weights),
      expanded_(expanded) {
  check_shape(shape_, context.slots());
  ckks::check_level(context, level, kName);
  base::require(!context.parameters().p().empty(), base::ErrorCode::kInvalidArgument,
                "linear transform: the parameters have no special primes to switch keys with");
  plan_ = std::make_unique<const internal::TransformPlan>(
      internal::make_plan(shape_, batch_plains(context, level, shape_.repeats, expanded)));
  if (expanded) plains_ = encode_range(0, plan_->plains.size());
}

LinearTransform::LinearTransform(LinearTransform&&) noexcept = default;
LinearTransform& LinearTransform::operator=(LinearTransform&&) noexcept = default;
LinearTransform::~LinearTransform() = default;

ring::PackedPoly LinearTransform::encode(std::size_t plain) const {
  const internal::PlainSpec& spec = plan_->plains[plain];
  base::Buffer<double> slots = base::Buffer<double>::zeroed(encoder_->slots() / shape_.repeats);
  diagonal_(spec.id, slots.span());
  // Slot p takes slot p − shift.
  std::rotate(slots.begin(), slots.end() - spec.shift % slots.size(), slots.end());
  return {context_->basis_qp(level_),
          encoder_->encode_lifted_repeated(slots.span(), level_, weights_).poly};
}

std::vector<ring::PackedPoly> LinearTransform::encode_range(std::size_t first,
                                                            std::size_t count) const {
  std::vector<ring::PackedPoly> encoded(count);
  base::parallel_for(count, [&](std::size_t i) { encoded[i] = encode(first + i); });
  return encoded;
}

void LinearTransform::check_inputs(std::span<const Ciphertext* const> inputs,
                                   const ckks::GaloisKeys& keys, std::size_t rescale_primes) const {
  if (inputs.size() != shape_.inputs) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "linear transform: " + std::to_string(inputs.size()) + " inputs are given, " +
                   std::to_string(shape_.inputs) + " are needed");
  }
  for (const Ciphertext* input : inputs) {
    ckks::check_parts(*context_, *input, 2, kName);
    ckks::check_same_level(inputs[0]->info(), input->info(), kName);
    ckks::check_same_scale(inputs[0]->scale(), input->scale(), kName);
  }
  const ckks::CiphertextInfo& info = inputs[0]->info();
  if (info.level != level_) {
    base::fail(base::ErrorCode::kMismatch,
               "linear transform: the inputs are at level " + std::to_string(info.level.value) +
                   ", the diagonals at level " + std::to_string(level_.value));
  }
  ckks::check_rescale(info, rescale_primes);
  for (const std::uint32_t step : steps()) {
    if (!internal::has_step(*context_, keys, step)) {
      base::fail(base::ErrorCode::kInvalidArgument,
                 "linear transform: there is no key for the rotation by " + std::to_string(step));
    }
    const ckks::GaloisKey& key = internal::key_of_step(*context_, keys, step);
    const ckks::SwitchingKeyInfo& key_info = key.switching_key().info();
    ckks::check_key(info, key_info.parameter_id, key_info.key_id, key_info.level, kName);
    base::require(key.is_moved(), base::ErrorCode::kUnsupported,
                  "linear transform: hoisting needs centred digits; this context computes SEAL's");
  }
}

std::vector<Ciphertext> LinearTransform::apply(const ckks::Evaluator& evaluator,
                                               std::span<const Ciphertext* const> inputs,
                                               const ckks::GaloisKeys& keys,
                                               std::size_t rescale_primes, OperationCounts* ran,
                                               StageSeconds* seconds) const {
  check_inputs(inputs, keys, rescale_primes);
  StageClock clock(seconds);
  OperationCounts done;
  std::vector<internal::Operand> operands =
      internal::rotate_inputs(evaluator, *plan_, inputs, keys, done, clock);
  std::vector<SwitchedPair> sums = inner_sums(operands, done, clock);
  operands.clear();
  std::vector<SwitchedPair> totals = giant_steps(std::move(sums), keys, done);
  clock.charge(&StageSeconds::giant_steps);

  ckks::CiphertextInfo info = inputs[0]->info();
  info.scale = info.scale * weights_;
  const std::size_t with_p = std::min(rescale_primes, ckks::Context::kMaxDrop);
  std::vector<Ciphertext> outputs;
  for (SwitchedPair& total : totals) {
    outputs.push_back(evaluator.lower({info, std::move(total)}, with_p));
    evaluator.rescale(outputs.back(), rescale_primes - with_p);
    done.divisions += 2;
  }
  clock.charge(&StageSeconds::divisions);
  if (ran != nullptr) *ran = done;
  return outputs;
}

std::vector<SwitchedPair> LinearTransform::inner_sums(
    const std::vector<internal::Operand>& operands, OperationCounts& ran, StageClock& clock) const {
  const ring::RnsBasis basis = context_->basis_qp(level_);
  std::vector<SwitchedPair> sums(plan_->sums.size());
  for (SwitchedPair& sum : sums) {
    sum = {ckks::Poly(basis.n(), basis.size()), ckks::Poly(basis.n(), basis.size())};
  }
  for (const internal::ProductBatch& batch : plan_->batches) {
    if (expanded_) {
      internal::add_products(*context_, level_, batch, operands, plains_, sums);
    } else {
      const std::vector<ring::PackedPoly> plains = encode_range(batch.first, batch.count);
      clock.charge(&StageSeconds::encodings);
      internal::add_products(*context_, level_, batch, operands, plains, sums);
      ran.encodings += batch.count;
    }
    for (const internal::ProductGroup& group : batch.groups) {
      ran.plaintext_products += group.products.size();
    }
    clock.charge(&StageSeconds::plaintext_products);
  }
  return sums;
}

/// Each sum moved by its giant's steps; those of one output added up.
std::vector<SwitchedPair> LinearTransform::giant_steps(std::vector<SwitchedPair>&& sums,
                                                       const ckks::GaloisKeys& keys,
                                                       OperationCounts& ran) const {
  std::vector<SwitchedPair> totals(shape_.outputs);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::vector<std::uint32_t>& steps = shape_.giants[plan_->sums[i].giant].steps;
    SwitchedPair& total = totals[plan_->sums[i].output];
    SwitchedPair sum = std::move(sums[i]);
    for (std::size_t s = 0; s < steps.size(); ++s) {
      const ckks::Poly a = ckks::divide_by_p(*context_, level_, std::move(sum.a));
      const ckks::Poly b = std::move(sum.b);
      SwitchedPair moved;
      ckks::switch_key_moved_add(*context_, a, level_,
                                 internal::key_of_step(*context_, keys, steps[s]), b,
                                 s + 1 < steps.size() ? moved : total);
      sum = std::move(moved);
      ++ran.divisions, ++ran.decompositions, ++ran.lazy_rotations;
    }
    if (!steps.empty()) continue;
    if (total.b.empty()) {
      total = std::move(sum);
    } else {
      ring::add(context_->basis_qp(level_), total.b, sum.b, total.b);
      ring::add(context_->basis_qp(level_), total.a, sum.a, total.a);
    }
  }
  return totals;
}

std::vector<std::uint32_t> LinearTransform::steps() const {
  std::set<std::uint32_t> steps;
  for (const internal::RotationTree& tree : plan_->trees) {
    for (std::size_t node = 1; node < tree.size(); ++node) steps.insert(tree[node].step);
  }
  for (const internal::InnerSum& sum : plan_->sums) {
    const Rotation& giant = shape_.giants[sum.giant];
    steps.insert(giant.steps.begin(), giant.steps.end());
  }
  return {steps.begin(), steps.end()};
}

std::size_t LinearTransform::bytes() const {
  return plains_.size() * plain_bytes(*context_, level_, shape_.repeats);
}

OperationCounts LinearTransform::counts() const {
  return internal::count(*plan_, shape_, expanded_);
}

}  // namespace serdab::circuits
