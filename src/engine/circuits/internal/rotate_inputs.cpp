#include "engine/circuits/internal/operands.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/arithmetic.h"
#include "engine/ring/automorphism.h"
#include "engine/ring/limbs.h"

namespace serdab::circuits::internal {
namespace {

base::GaloisElement element_of(const ckks::Context& context, std::uint32_t step) {
  const ckks::Parameters& parameters = context.parameters();
  return ring::rotation_element(parameters.ring(), parameters.log_n(), static_cast<long>(step));
}

/// Walks one tree from the input down, so that a decomposition lives while its node is visited.
class TreeWalk {
 public:
  TreeWalk(const ckks::Evaluator& evaluator, const RotationTree& tree, const ckks::GaloisKeys& keys,
           std::vector<Operand>& operands, OperationCounts& ran, StageClock& clock)
      : evaluator_(evaluator),
        tree_(tree),
        keys_(keys),
        operands_(operands),
        ran_(ran),
        clock_(clock) {}

  void from_input(const ckks::Ciphertext& x) {
    if (tree_[0].operand) operands_[*tree_[0].operand] = {lift(evaluator_.context(), x), false};
    clock_.charge(&StageSeconds::inner_products);
    rotate(0, x);
  }

 private:
  void rotate(std::size_t node, const ckks::Ciphertext& x) {
    if (tree_[node].children.empty()) return;
    const ckks::Context& context = evaluator_.context();
    const ckks::Decomposition part1 = ckks::mod_up(context, x.part(1), x.level());
    clock_.charge(&StageSeconds::decompose);
    ++ran_.decompositions;
    std::vector<const ckks::GaloisKey*> keys;
    for (const std::size_t child : tree_[node].children) {
      keys.push_back(&key_of_step(context, keys_, tree_[child].step));
    }
    std::vector<ckks::LiftedCiphertext> lifted = evaluator_.apply_galois_lifted(x, part1, keys);
    clock_.charge(&StageSeconds::inner_products);
    for (std::size_t i = 0; i < lifted.size(); ++i) {
      visit(tree_[node].children[i], std::move(lifted[i]));
    }
  }

  void visit(std::size_t node, ckks::LiftedCiphertext&& lifted) {
    ++(tree_[node].operand ? ran_.lazy_rotations : ran_.full_rotations);
    if (tree_[node].operand) {
      Operand& operand = operands_[*tree_[node].operand];
      if (tree_[node].children.empty()) {
        operand = {std::move(lifted.pair)};
        return;
      }
      operand = {{lifted.pair.b.clone(), lifted.pair.a.clone()}};
    }
    ran_.divisions += 2;
    const ckks::Ciphertext rotated = evaluator_.lower(std::move(lifted));
    clock_.charge(&StageSeconds::divisions);
    rotate(node, rotated);
  }

  const ckks::Evaluator& evaluator_;
  const RotationTree& tree_;
  const ckks::GaloisKeys& keys_;
  std::vector<Operand>& operands_;
  OperationCounts& ran_;
  StageClock& clock_;
};

}  // namespace

ckks::SwitchedPair lift(const ckks::Context& context, const ckks::Ciphertext& x) {
  const ring::RnsBasis basis = context.basis(x.level());
  const std::size_t n = basis.n(), limbs = basis.size();
  ckks::SwitchedPair pair{ckks::Poly(n, limbs), ckks::Poly(n, limbs)};
  ring::for_each_limb(limbs, n, [&](std::size_t i) {
    const auto& k = kernels::kernels();
    const std::uint64_t p = context.p_residue(i);
    k.multiply_scalar(basis.modulus(i), x.part(0).limb(i), p, pair.b.limb(i), n);
    k.multiply_scalar(basis.modulus(i), x.part(1).limb(i), p, pair.a.limb(i), n);
  });
  return pair;
}

const ckks::GaloisKey& key_of_step(const ckks::Context& context, const ckks::GaloisKeys& keys,
                                   std::uint32_t step) {
  return keys.at(element_of(context, step));
}

bool has_step(const ckks::Context& context, const ckks::GaloisKeys& keys, std::uint32_t step) {
  return keys.contains(element_of(context, step));
}

std::vector<Operand> rotate_inputs(const ckks::Evaluator& evaluator, const TransformPlan& plan,
                                   std::span<const ckks::Ciphertext* const> inputs,
                                   const ckks::GaloisKeys& keys, OperationCounts& ran,
                                   StageClock& clock) {
  std::vector<Operand> operands(plan.operands);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    TreeWalk(evaluator, plan.trees[i], keys, operands, ran, clock).from_input(*inputs[i]);
  }
  return operands;
}

}  // namespace serdab::circuits::internal
