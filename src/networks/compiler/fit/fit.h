#pragma once

#include <functional>
#include <vector>

#include "networks/graph/executor/executor.h"

namespace serdab::compiler {

using Function = std::function<double(double)>;

/// Of a function on an interval symmetric around zero: f(−x) = f(x) up to a multiple of x
/// (kEvenAndLine, as Relu, Silu and Gelu), f(−x) = −f(x) up to a constant (kOddAndConstant, as
/// Sigmoid and Tanh), or neither.
enum class Parity { kNone, kEvenAndLine, kOddAndConstant };
Parity parity_of(const Function& f, const graph::Range& interval);

enum class FitMethod { kLeastSquares, kMinimax };

struct Fit {
  std::vector<double> coefficients;  ///< c0 … c_degree; exact zeros where the parity says so
  double max_error = 0.0;            ///< largest |f − p| over a dense grid of the interval
};

/// A polynomial close to f on an interval, low < high, |low|, |high| <= 1e6, degree 1 to 31.
/// kLeastSquares: over 1,001 equally spaced points, both ends included (the method of Ishiyama et
/// al. 2020, arXiv 2009.03727). kMinimax: the smallest largest error, by Remez's exchange; where
/// the function has a parity, on the half interval with the powers of that parity, so that it is
/// kept. The leading coefficients of an even (odd) fit of odd (even) degree are zero. Throws
/// base::Error (kInvalidArgument) for an interval or degree outside, or a function that is not
/// finite there.
Fit fit_polynomial(const Function& f, unsigned degree, const graph::Range& interval,
                   FitMethod method);
inline constexpr unsigned kMaxFitDegree = 31;

}  // namespace serdab::compiler
