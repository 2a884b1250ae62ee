#include "networks/compiler/arithmetic/bounds.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace serdab::compiler {
namespace {

using graph::Range;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Range kAnything{-kInfinity, kInfinity};
constexpr double kUnit = std::numeric_limits<double>::epsilon();

/// The interval widened by an absolute error; anything if it is not finite or absurdly large.
Range widened(Range range, double error) {
  range.low -= error;
  range.high += error;
  if (!(range.low > -1e300 && range.high < 1e300)) return kAnything;
  return range;
}

double magnitude(const Range& range) { return std::max(std::abs(range.low), std::abs(range.high)); }

/// p on centre + half·t as coefficients in t, |t| <= 1.
std::vector<double> recentred(std::span<const double> c, double centre, double half) {
  std::vector<double> shifted(c.begin(), c.end());
  for (std::size_t i = 0; i + 1 < shifted.size(); ++i) {  // repeated synthetic division
    for (std::size_t k = shifted.size() - 1; k-- > i;) shifted[k] += centre * shifted[k + 1];
  }
  double power = 1.0;
  for (double& value : shifted) {
    value *= power;
    power *= half;
  }
  return shifted;
}

double binomial(std::size_t n, std::size_t k) {
  double result = 1.0;
  for (std::size_t i = 0; i < k; ++i) {
    result = result * static_cast<double>(n - i) / static_cast<double>(i + 1);
  }
  return result;
}

/// The hull of the Bernstein coefficients of p on [low, high], which contains its values.
Range bernstein_hull(std::span<const double> c, double low, double high) {
  // On s in [0, 1]: x = low + (high − low)·s; b_i = Σ_{k<=i} C(i,k)/C(n,k)·a_k.
  const auto a = recentred(c, low, high - low);
  const std::size_t n = a.size() - 1;
  Range hull{kInfinity, -kInfinity};
  for (std::size_t i = 0; i <= n; ++i) {
    double b = 0.0;
    for (std::size_t k = 0; k <= i; ++k) b += binomial(i, k) / binomial(n, k) * a[k];
    hull.low = std::min(hull.low, b);
    hull.high = std::max(hull.high, b);
  }
  return hull;
}

Range affine_bounds(const Affine& affine, std::size_t row, const std::vector<Intervals>& values) {
  Range sum{affine.bias[row], affine.bias[row]};
  double size = std::abs(affine.bias[row]);
  std::size_t terms = 1;
  for (const auto& term : affine.terms) {
    const auto columns = term.map.row_columns(row);
    const auto weights = term.map.row_values(row);
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const Range& x = values[term.from][columns[k]];
      if (!std::isfinite(magnitude(x))) return kAnything;
      sum.low += weights[k] * (weights[k] > 0 ? x.low : x.high);
      sum.high += weights[k] * (weights[k] > 0 ? x.high : x.low);
      size += std::abs(weights[k]) * magnitude(x);
    }
    terms += columns.size();
  }
  return widened(sum, static_cast<double>(terms) * kUnit * size);
}

Intervals step_bounds(const Affine& affine, const std::vector<Intervals>& values) {
  Intervals result(affine.bias.size());
  base::parallel_for((result.size() + 255) / 256, [&](std::size_t task) {
    const std::size_t end = std::min(result.size(), (task + 1) * 256);
    for (std::size_t r = task * 256; r < end; ++r) result[r] = affine_bounds(affine, r, values);
  });
  return result;
}

Intervals step_bounds(const Polynomial& polynomial, const std::vector<Intervals>& values) {
  const Intervals& x = values[polynomial.from];
  Intervals result(x.size());
  for (std::size_t e = 0; e < x.size(); ++e) {
    result[e] = polynomial_bounds(polynomial.coefficients(e), x[e]);
  }
  return result;
}

}  // namespace

Range polynomial_bounds(std::span<const double> c, const Range& range) {
  constexpr int kPieces = 8;
  const double reach = magnitude(range);
  if (!std::isfinite(reach)) return kAnything;
  double size = 0.0, power = 1.0;
  for (double value : c) {
    size += std::abs(value) * power;
    power *= 2.0 * reach;
  }
  Range hull{kInfinity, -kInfinity};
  for (int piece = 0; piece < kPieces; ++piece) {
    const double width = (range.high - range.low) / kPieces, low = range.low + piece * width;
    const double high = piece + 1 == kPieces ? range.high : low + width;
    const Range part = bernstein_hull(c, low, high);
    hull.low = std::min(hull.low, part.low);
    hull.high = std::max(hull.high, part.high);
  }
  // Every intermediate is below `size`; each coefficient passes through O(n²) roundings.
  const double roundings = 8.0 * static_cast<double>(c.size() * c.size());
  return widened(hull, roundings * kUnit * size);
}

std::vector<Intervals> bounds(const ArithmeticNetwork& network, std::span<const Range> input) {
  const std::size_t size = network.size(0);
  base::require(input.size() == 1 || input.size() == size, base::ErrorCode::kInvalidArgument,
                "bounds need one interval, or one for each input element");
  std::vector<Intervals> values(network.value_count());
  for (std::size_t i = 0; i < size; ++i) {
    const Range& range = input[input.size() == 1 ? 0 : i];
    base::require(range.low <= range.high, base::ErrorCode::kInvalidArgument,
                  "an input interval is empty");
    values[0].push_back(range);
  }
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    values[i + 1] =
        std::visit([&](const auto& op) { return step_bounds(op, values); }, network.steps[i].op);
  }
  return values;
}

std::vector<Range> hulls(const std::vector<Intervals>& bounds) {
  std::vector<Range> result;
  for (const Intervals& value : bounds) {
    Range hull{kInfinity, -kInfinity};
    for (const Range& range : value) {
      hull.low = std::min(hull.low, range.low);
      hull.high = std::max(hull.high, range.high);
    }
    result.push_back(hull);
  }
  return result;
}

}  // namespace serdab::compiler
