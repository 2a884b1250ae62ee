#pragma once

#include <span>

#include "networks/compiler/fit/fit.h"

namespace serdab::compiler {

/// p(x) = Σ_k c[k]·x^k, by Horner's rule.
double polynomial_value(std::span<const double> c, double x);

/// How far a polynomial is from a function on an interval, over 20,001 equally spaced points.
struct FitErrors {
  double largest = 0.0;  ///< of |p − f|
  double at = 0.0;       ///< where; of several such points the rightmost
  double root_mean_square = 0.0;
  /// What rounding alone may add to p(x), at most: Σ|c_k|·max|x|^k times 2^-53 and the number of
  /// roundings.
  double rounding = 0.0;
};
FitErrors fit_errors(const Function& f, std::span<const double> c, const graph::Range& interval);

}  // namespace serdab::compiler
