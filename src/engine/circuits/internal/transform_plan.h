#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/circuits/transform_shape.h"

/// What a linear transform does, worked out from its shape alone.
namespace serdab::circuits::internal {

/// The rotations made of one input: a tree in which every edge is a step with a key. Node 0 is the
/// input; a node comes after its parent.
struct RotationNode {
  std::uint32_t step = 0;  ///< from the parent
  std::vector<std::size_t> children;
  std::optional<std::size_t> operand;  ///< where products read it
};
using RotationTree = std::vector<RotationNode>;

/// The weights of `id` moved by −shift, so that they meet an operand before a giant step.
struct PlainSpec {
  std::uint32_t id = 0;
  std::uint32_t shift = 0;
};

struct Product {
  std::uint32_t operand = 0;
  std::uint32_t plain = 0;
};

/// Products that are added to one inner sum.
struct ProductGroup {
  std::size_t sum = 0;
  bool accumulate = false;  ///< the sum already holds products
  std::vector<Product> products;
};

/// Groups that need the plaintexts [first, first + count) and no others.
struct ProductBatch {
  std::size_t first = 0, count = 0;
  std::vector<ProductGroup> groups;
};

/// The operands of one giant step towards one output.
struct InnerSum {
  std::uint32_t giant = 0;
  std::uint32_t output = 0;
};

struct TransformPlan {
  std::vector<RotationTree> trees;  ///< by input
  std::size_t operands = 0;
  std::vector<bool> unrotated;    ///< by operand: the input itself
  std::vector<PlainSpec> plains;  ///< a batch's stand together
  std::vector<InnerSum> sums;     ///< by giant, then output
  std::vector<ProductBatch> batches;
};

/// At most `batch_plains` plaintexts in a batch; 0 puts everything in one. The shape has passed
/// check_shape.
TransformPlan make_plan(const TransformShape& shape, std::size_t batch_plains);

OperationCounts count(const TransformPlan& plan, const TransformShape& shape, bool expanded);

}  // namespace serdab::circuits::internal
