#include <utility>

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
    if (tree_[0].operand) {
      const ring::RnsBasis basis = evaluator_.context().basis(x.level());
      const ckks::SwitchedPair lifted = lift(evaluator_.context(), x);
      operands_[*tree_[0].operand] = {{{basis, lifted.b}, {basis, lifted.a}}, false};
    }
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
    std::vector<Rotated> rotated;
    for (const std::size_t child : tree_[node].children) rotated.push_back(room(x.level(), child));
    const auto take = [&](std::size_t k, std::size_t i, const std::uint64_t* b,
                          const std::uint64_t* a) {
      const kernels::Permutation moves = keys[k]->automorphism().moves();
      move(moves, i, b, rotated[k].pair.b, rotated[k].operand.b);
      move(moves, i, a, rotated[k].pair.a, rotated[k].operand.a);
    };
    ckks::inner_products(context, part1, keys, {&x.part(0), nullptr}, take);
    clock_.charge(&StageSeconds::inner_products);
    for (std::size_t k = 0; k < rotated.size(); ++k) {
      visit(tree_[node].children[k], x.info(), std::move(rotated[k]));
    }
  }

  /// What a rotation is needed as: to be rotated again, to be multiplied with.
  struct Rotated {
    ckks::SwitchedPair pair;
    PackedPair operand;
  };

  Rotated room(ckks::Level level, std::size_t node) const {
    const ring::RnsBasis basis = evaluator_.context().basis_qp(level);
    Rotated rotated;
    if (!tree_[node].children.empty()) {
      rotated.pair = {ckks::Poly(basis.n(), basis.size()), ckks::Poly(basis.n(), basis.size())};
    }
    if (tree_[node].operand) {
      rotated.operand = {ring::PackedPoly(basis), ring::PackedPoly(basis)};
    }
    return rotated;
  }

  // One limb to whichever of both there is room in.
  static void move(const kernels::Permutation& moves, std::size_t i, const std::uint64_t* from,
                   ckks::Poly& poly, ring::PackedPoly& operand) {
    const auto& k = kernels::kernels();
    const std::size_t n = poly.empty() ? operand.n() : poly.n();
    if (!poly.empty()) {
      k.permute(moves, from, poly.limb(i), n);
      if (operand.limbs() > 0) operand.set_limb(i, poly.limb(i));
    } else if (operand.is_short(i)) {
      base::Buffer<std::uint64_t> moved(n);
      k.permute(moves, from, moved.data(), n);
      operand.set_limb(i, moved.data());
    } else {
      k.permute(moves, from, operand.limb(i), n);
    }
  }

  void visit(std::size_t node, const ckks::CiphertextInfo& info, Rotated&& rotated) {
    ++(tree_[node].operand ? ran_.lazy_rotations : ran_.full_rotations);
    if (tree_[node].operand) operands_[*tree_[node].operand] = {std::move(rotated.operand), true};
    if (tree_[node].children.empty()) return;
    ran_.divisions += 2;
    const ckks::Ciphertext divided = evaluator_.lower({info, std::move(rotated.pair)});
    clock_.charge(&StageSeconds::divisions);
    rotate(node, divided);
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

ckks::SwitchedPair lift_to_qp(const ckks::Context& context, const ckks::Ciphertext& x) {
  const ring::RnsBasis basis = context.basis_qp(x.level());
  ckks::SwitchedPair pair = lift(context, x);
  for (ckks::Poly* poly : {&pair.b, &pair.a}) {
    auto limbs = std::move(*poly).take_limbs();
    while (limbs.size() < basis.size()) limbs.push_back(ckks::Poly::Limb::zeroed(basis.n()));
    *poly = ckks::Poly(std::move(limbs), basis.n());
  }
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
