#pragma once

#include <span>
#include <vector>

#include "networks/compiler/arithmetic_network.h"
#include "networks/graph/executor/executor.h"

namespace serdab::compiler {

using Intervals = std::vector<graph::Range>;

/// For every value and element an interval that it cannot leave when input element i stays in
/// input[i] (or every element in input[0], if one is given). Interval arithmetic: guaranteed,
/// rounding included, and wide, since it lets every element take its worst case independently;
/// polynomials are bounded tightly on their interval. Above 1e300 the bounds become infinite.
std::vector<Intervals> bounds(const ArithmeticNetwork& network,
                              std::span<const graph::Range> input);

/// The hull of each value's intervals.
std::vector<graph::Range> hulls(const std::vector<Intervals>& bounds);

/// An interval that contains p(x) = Σ c[k]·x^k for all x in `range`, low <= high: the Bernstein
/// coefficients on pieces of it, widened by the rounding.
graph::Range polynomial_bounds(std::span<const double> c, const graph::Range& range);

}  // namespace serdab::compiler
