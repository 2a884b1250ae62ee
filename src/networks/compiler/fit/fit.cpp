#include "networks/compiler/fit/fit.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "networks/compiler/fit/errors.h"
#include "networks/compiler/fit/internal/chebyshev.h"
#include "networks/compiler/fit/internal/remez.h"

namespace serdab::compiler {
namespace {

using graph::Range;

constexpr std::size_t kLeastSquaresPoints = 1001;

double grid_point(const Range& interval, std::size_t i, std::size_t count) {
  return interval.low +
         (interval.high - interval.low) * static_cast<double>(i) / static_cast<double>(count - 1);
}

void check_arguments(const Function& f, unsigned degree, const Range& interval) {
  const auto require = [](bool condition, const char* message) {
    base::require(condition, base::ErrorCode::kInvalidArgument, message);
  };
  require(degree >= 1 && degree <= kMaxFitDegree, "a fit has a degree of 1 to 31");
  require(interval.low < interval.high && interval.low >= -1e6 && interval.high <= 1e6,
          "a fit needs an interval low < high inside [-1e6, 1e6]");
  for (std::size_t i = 0; i < kLeastSquaresPoints; ++i) {
    require(std::isfinite(f(grid_point(interval, i, kLeastSquaresPoints))),
            "the function to fit is not finite on the interval");
  }
}

bool is_symmetric(const Range& interval) {
  return std::abs(interval.low + interval.high) <= 1e-12 * interval.high;
}

/// The orders that a polynomial of this degree and parity has.
std::vector<unsigned> orders_of(Parity parity, unsigned degree) {
  std::vector<unsigned> orders;
  for (unsigned k = 0; k <= degree; ++k) {
    const bool even = k % 2 == 0;
    if (parity == Parity::kEvenAndLine && !even) continue;
    if (parity == Parity::kOddAndConstant && even) continue;
    orders.push_back(k);
  }
  return orders;
}

/// f = line·x + even part, or constant + odd part: what is left to fit, and the part that is exact.
struct Split {
  Function rest;
  double constant = 0.0, line = 0.0;
};

Split split(const Function& f, Parity parity, double r) {
  if (parity == Parity::kEvenAndLine) {
    const double line = (f(r) - f(-r)) / (2.0 * r);
    return {[f](double x) { return 0.5 * (f(x) + f(-x)); }, 0.0, line};
  }
  if (parity == Parity::kOddAndConstant) {
    return {[f](double x) { return 0.5 * (f(x) - f(-x)); }, f(0.0), 0.0};
  }
  return {f, 0.0, 0.0};
}

std::vector<double> least_squares(const Function& f, const std::vector<unsigned>& orders,
                                  double centre, double half, const Range& interval) {
  std::vector<double> a, b;
  for (std::size_t i = 0; i < kLeastSquaresPoints; ++i) {
    const double x = grid_point(interval, i, kLeastSquaresPoints);
    for (unsigned order : orders) a.push_back(fit::chebyshev(order, (x - centre) / half));
    b.push_back(f(x));
  }
  return fit::solve_least_squares(std::move(a), orders.size(), std::move(b));
}

}  // namespace

Parity parity_of(const Function& f, const Range& interval) {
  if (!is_symmetric(interval)) return Parity::kNone;
  const double r = interval.high, line = (f(r) - f(-r)) / (2.0 * r), middle = f(0.0);
  bool even = true, odd = true;
  for (std::size_t i = 0; i < kLeastSquaresPoints; ++i) {
    const double x = grid_point({0.0, r}, i, kLeastSquaresPoints), above = f(x), below = f(-x);
    const double tolerance = 1e-12 * (1.0 + std::abs(above) + std::abs(below));
    even = even && std::abs(0.5 * (above - below) - line * x) <= tolerance;
    odd = odd && std::abs(0.5 * (above + below) - middle) <= tolerance;
  }
  return even ? Parity::kEvenAndLine : odd ? Parity::kOddAndConstant : Parity::kNone;
}

Fit fit_polynomial(const Function& f, unsigned degree, const Range& interval, FitMethod method) {
  check_arguments(f, degree, interval);
  const Parity parity = parity_of(f, interval);
  const double centre = parity == Parity::kNone ? 0.5 * (interval.low + interval.high) : 0.0;
  const double half =
      parity == Parity::kNone ? 0.5 * (interval.high - interval.low) : interval.high;
  const Split parts = split(f, parity, half);
  const auto orders = orders_of(parity, degree);
  std::vector<double> weights;
  if (method == FitMethod::kLeastSquares) {
    weights = least_squares(parts.rest, orders, centre, half, interval);
  } else {
    const Range domain = parity == Parity::kNone ? interval : Range{0.0, half};
    weights = fit::remez(parts.rest, orders, centre, half, domain);
  }
  Fit result{fit::to_powers(orders, weights, centre, half, degree), 0.0};
  result.coefficients[0] += parts.constant;
  result.coefficients[1] += parts.line;
  result.max_error = fit_errors(f, result.coefficients, interval).largest;
  return result;
}

}  // namespace serdab::compiler
