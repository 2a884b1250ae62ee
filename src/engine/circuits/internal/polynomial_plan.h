#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/circuits/polynomial.h"

/// How a polynomial is evaluated, whatever the parameters.
namespace serdab::circuits::internal {

/// X^power = X^a·X^b, or T_power = 2·T_a·T_b − T_(a−b); a >= b.
struct PowerStep {
  unsigned power, a, b;
};

struct ScalarTerm {
  unsigned power;
  double coefficient;
};
struct NodeProduct {
  unsigned power;
  std::size_t node;
};

/// A sum at one level and scale, then relinearised and rescaled: constant + Σ c·X^power +
/// Σ node·X^power.
struct PolynomialNode {
  unsigned depth = 0;  ///< after its rescale, below power 1
  double constant = 0;
  std::vector<ScalarTerm> terms;
  std::vector<NodeProduct> products;
};

struct PolynomialPlan {
  PolynomialBasis basis;
  /// u = factor·x + shift; a factor that is no integer costs a level.
  double factor = 1, shift = 0;
  bool factor_is_integer = true;
  std::vector<PowerStep> steps;       ///< ascending
  std::vector<PolynomialNode> nodes;  ///< 0 is the result; a node comes before those it multiplies
};

/// Levels below power 1.
unsigned depth_of_power(unsigned power);

/// The cheapest plan over all baby bounds. Throws base::Error(kInvalidArgument) for a polynomial
/// that is none.
PolynomialPlan make_plan(const Polynomial& polynomial);

PolynomialCounts count(const PolynomialPlan& plan);

}  // namespace serdab::circuits::internal
