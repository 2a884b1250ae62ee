#include "networks/compiler/fit/errors.h"

#include <algorithm>
#include <cmath>

namespace serdab::compiler {

double polynomial_value(std::span<const double> c, double x) {
  double p = 0.0;
  for (std::size_t k = c.size(); k-- > 0;) p = p * x + c[k];
  return p;
}

FitErrors fit_errors(const Function& f, std::span<const double> c, const graph::Range& interval) {
  constexpr std::size_t kPoints = 20'001;
  FitErrors errors;
  double squares = 0.0;
  for (std::size_t i = 0; i < kPoints; ++i) {
    const double x = interval.low + (interval.high - interval.low) * static_cast<double>(i) /
                                        static_cast<double>(kPoints - 1);
    const double error = std::abs(polynomial_value(c, x) - f(x));
    squares += error * error;
    // Extrema that are equal but for rounding count as equal.
    if (error >= errors.largest * (1 - 1e-9)) errors.at = x;
    errors.largest = std::max(errors.largest, error);
  }
  errors.root_mean_square = std::sqrt(squares / static_cast<double>(kPoints));
  const double far = std::max(std::abs(interval.low), std::abs(interval.high));
  double sum = 0.0;
  for (std::size_t k = c.size(); k-- > 0;) sum = sum * far + std::abs(c[k]);
  errors.rounding = sum * 2.0 * static_cast<double>(c.size()) * std::exp2(-53);
  return errors;
}

}  // namespace serdab::compiler
