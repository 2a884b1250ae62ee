#include "engine/circuits/internal/transform_plan.h"

#include <algorithm>
#include <cmath>
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

/// Orders the plaintexts so that a batch of consecutive ones, say of s sums and o operands each,
/// has s·o products: reading the operands and reading and writing the sums then moves
/// 2/s + 4/o polynomials a product, the least where o is twice s.
void order_in_blocks(std::size_t batch_plains, TransformPlan& plan, std::vector<Placed>& placed) {
  const auto block = static_cast<std::uint32_t>(
      std::max(4.0, std::round(std::sqrt(2.0 * static_cast<double>(batch_plains)))));
  std::vector<std::uint32_t> order;  // of the plaintexts
  std::vector<std::uint32_t> block_of(plan.plains.size());
  for (const Placed& product : placed) {  // by sum: so are those of a block, sorted stably
    if (product.plain < order.size()) continue;
    block_of[product.plain] = product.operand / block;
    order.push_back(product.plain);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return block_of[a] < block_of[b]; });
  std::vector<PlainSpec> plains;
  std::vector<std::uint32_t> moved_to(order.size());
  for (const std::uint32_t plain : order) {
    moved_to[plain] = static_cast<std::uint32_t>(plains.size());
    plains.push_back(plan.plains[plain]);
  }
  plan.plains = std::move(plains);
  for (Placed& product : placed) product.plain = moved_to[product.plain];
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
  std::vector<Placed> placed = place(shape, plan);
  std::vector<bool> begun(plan.sums.size());
  const std::size_t total = plan.plains.size();
  const std::size_t most = batch_plains == 0 ? total : batch_plains;
  if (most < total) order_in_blocks(most, plan, placed);
  for (std::size_t first = 0; first < total; first += most) {
    plan.batches.push_back(batch_of(placed, first, std::min(most, total - first), begun));
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
