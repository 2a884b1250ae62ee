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

/// P·x on the primes of Q.
Operand lift(const ckks::Context& context, const ckks::Ciphertext& x) {
  const ring::RnsBasis basis = context.basis(x.level());
  const std::size_t n = basis.n(), limbs = basis.size();
  Operand operand{{ckks::Poly(n, limbs), ckks::Poly(n, limbs)}, false};
  ring::for_each_limb(limbs, n, [&](std::size_t i) {
    const auto& k = kernels::kernels();
    const std::uint64_t p = context.p_residue(i);
    k.multiply_scalar(basis.modulus(i), x.part(0).limb(i), p, operand.pair.b.limb(i), n);
    k.multiply_scalar(basis.modulus(i), x.part(1).limb(i), p, operand.pair.a.limb(i), n);
  });
  return operand;
}

/// Walks one tree from the input down, so that a decomposition lives while its node is visited.
class TreeWalk {
 public:
  TreeWalk(const ckks::Evaluator& evaluator, const RotationTree& tree, const ckks::GaloisKeys& keys,
           std::vector<Operand>& operands, OperationCounts& ran)
      : evaluator_(evaluator), tree_(tree), keys_(keys), operands_(operands), ran_(ran) {}

  void from_input(const ckks::Ciphertext& x) {
    if (tree_[0].operand) operands_[*tree_[0].operand] = lift(evaluator_.context(), x);
    rotate(0, x);
  }

 private:
  void rotate(std::size_t node, const ckks::Ciphertext& x) {
    if (tree_[node].children.empty()) return;
    const ckks::Decomposition part1 = ckks::mod_up(evaluator_.context(), x.part(1), x.level());
    ++ran_.decompositions;
    for (const std::size_t child : tree_[node].children) visit(child, x, part1);
  }

  void visit(std::size_t node, const ckks::Ciphertext& x, const ckks::Decomposition& part1) {
    const ckks::GaloisKey& key = key_of_step(evaluator_.context(), keys_, tree_[node].step);
    ckks::LiftedCiphertext lifted = evaluator_.apply_galois_lifted(x, part1, key);
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
    rotate(node, evaluator_.lower(std::move(lifted)));
  }

  const ckks::Evaluator& evaluator_;
  const RotationTree& tree_;
  const ckks::GaloisKeys& keys_;
  std::vector<Operand>& operands_;
  OperationCounts& ran_;
};

}  // namespace

const ckks::GaloisKey& key_of_step(const ckks::Context& context, const ckks::GaloisKeys& keys,
                                   std::uint32_t step) {
  return keys.at(element_of(context, step));
}

bool has_step(const ckks::Context& context, const ckks::GaloisKeys& keys, std::uint32_t step) {
  return keys.contains(element_of(context, step));
}

std::vector<Operand> rotate_inputs(const ckks::Evaluator& evaluator, const TransformPlan& plan,
                                   std::span<const ckks::Ciphertext* const> inputs,
                                   const ckks::GaloisKeys& keys, OperationCounts& ran) {
  std::vector<Operand> operands(plan.operands);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    TreeWalk(evaluator, plan.trees[i], keys, operands, ran).from_input(*inputs[i]);
  }
  return operands;
}

}  // namespace serdab::circuits::internal
