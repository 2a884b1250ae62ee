#include "engine/circuits/internal/transform_plan.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace serdab::circuits::internal {
namespace {

std::size_t child_of(RotationTree& tree, std::size_t node, std::uint32_t step) {
  for (const std::size_t child : tree[node].children) {
    if (tree[child].step == step) return child;
  }
  tree.push_back({.step = step, .children = {}, .operand = {}});
  tree[node].children.push_back(tree.size() - 1);
  return tree.size() - 1;
}

std::uint32_t operand_of(TransformPlan& plan, std::uint32_t input, const Rotation& baby) {
  RotationTree& tree = plan.trees[input];
  std::size_t node = 0;
  for (const std::uint32_t step : baby.steps) node = child_of(tree, node, step);
  if (!tree[node].operand) {
    tree[node].operand = plan.operands++;
    plan.unrotated.push_back(node == 0);
  }
  return static_cast<std::uint32_t>(*tree[node].operand);
}

/// A product and where it belongs, before it is grouped.
struct Placed {
  std::uint32_t plain, sum, operand;
};

/// Gives every (giant, output) its sum and every (giant shift, id) its plaintext.
std::vector<Placed> place(const TransformShape& shape, TransformPlan& plan) {
  std::vector<Term> terms = shape.terms;
  std::stable_sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) {
    return std::tie(a.giant, a.output) < std::tie(b.giant, b.output);
  });
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> plain_of;
  std::vector<Placed> placed;
  for (const Term& term : terms) {
    if (plan.sums.empty() || plan.sums.back().giant != term.giant ||
        plan.sums.back().output != term.output) {
      plan.sums.push_back({term.giant, term.output});
    }
    const std::uint32_t shift = shape.giants[term.giant].shift;
    const auto [entry, is_new] =
        plain_of.try_emplace({shift, term.id}, static_cast<std::uint32_t>(plan.plains.size()));
    if (is_new) plan.plains.push_back({term.id, shift});
    placed.push_back({entry->second, static_cast<std::uint32_t>(plan.sums.size() - 1),
                      operand_of(plan, term.input, shape.babies[term.baby])});
  }
  return placed;
}

/// Products of the plaintexts [first, first + count), by sum.
ProductBatch batch_of(const std::vector<Placed>& placed, std::size_t first, std::size_t count,
                      std::vector<bool>& begun) {
  ProductBatch batch{first, count, {}};
  for (const Placed& product : placed) {
    if (product.plain < first || product.plain >= first + count) continue;
    if (batch.groups.empty() || batch.groups.back().sum != product.sum) {
      batch.groups.push_back({product.sum, begun[product.sum], {}});
      begun[product.sum] = true;
    }
    batch.groups.back().products.push_back({product.operand, product.plain});
  }
  return batch;
}

}  // namespace

TransformPlan make_plan(const TransformShape& shape, std::size_t batch_plains) {
  TransformPlan plan;
  plan.trees.assign(shape.inputs, RotationTree(1));
  const std::vector<Placed> placed = place(shape, plan);
  std::vector<bool> begun(plan.sums.size());
  const std::size_t total = plan.plains.size();
  for (std::size_t first = 0; first < total;) {
    std::size_t count = total - first;
    if (batch_plains > 0) {
      const std::size_t most = std::min(count, batch_plains);
      count = 1;
      while (count < most && plan.plains[first + count].shift == plan.plains[first].shift) ++count;
    }
    plan.batches.push_back(batch_of(placed, first, count, begun));
    first += count;
  }
  return plan;
}

OperationCounts count(const TransformPlan& plan, const TransformShape& shape, bool expanded) {
  OperationCounts counts;
  for (const RotationTree& tree : plan.trees) {
    for (std::size_t i = 0; i < tree.size(); ++i) {
      const bool inner = !tree[i].children.empty();
      if (inner) ++counts.decompositions;
      if (i == 0) continue;
      ++(tree[i].operand ? counts.lazy_rotations : counts.full_rotations);
      if (inner) counts.divisions += 2;
    }
  }
  for (const InnerSum& sum : plan.sums) {
    const std::size_t steps = shape.giants[sum.giant].steps.size();
    counts.decompositions += steps;
    counts.lazy_rotations += steps;
    counts.divisions += steps;
  }
  counts.plaintext_products = shape.terms.size();
  counts.encodings = expanded ? 0 : plan.plains.size();
  counts.divisions += 2 * shape.outputs;
  return counts;
}

}  // namespace serdab::circuits::internal
