#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "networks/compiler/fit/errors.h"
#include "networks/datasets/picture/curves.h"
#include "networks/datasets/picture/replace_file.h"
#include "networks/graph/ops.h"
#include "verbs.h"

namespace serdab::cli {
namespace {

using compiler::FitErrors;
using compiler::FitMethod;
using compiler::Function;

constexpr int kLeastDegree = 2, kMostDegree = compiler::kMaxFitDegree;
constexpr double kLeastRange = 0.01, kMostRange = 10'000;
constexpr double kOutside = 1.5, kDrawn = 1.25;  ///< times the range

struct Arguments {
  std::string function, method = "lsq", output;
  int degree = 0;
  double range = 0;
};

/// What was asked for, the polynomial, and how good it is.
struct Result {
  std::string name;
  Function function;
  FitMethod method;
  double range;
  std::vector<double> coefficients;
  FitErrors errors;

  double polynomial(double x) const { return compiler::polynomial_value(coefficients, x); }
  double error(double x) const { return polynomial(x) - function(x); }
  std::string method_text() const {
    return method == FitMethod::kMinimax ? "minimax" : "least squares";
  }
};

Function function_named(const std::string& name) {
  const auto kind = graph::find_activation(name);
  if (kind) return [kind](double x) { return graph::activation_value({*kind, 0.0}, x); };
  std::string known;
  for (const std::string& other : graph::activation_names()) {
    known += (known.empty() ? "" : ", ") + other;
  }
  base::fail(base::ErrorCode::kInvalidArgument,
             "FUNCTION: there is no activation '" + name + "'; known are " + known);
}

void check(const Arguments& arguments) {
  const auto require = [](bool condition, const std::string& message) {
    if (!condition) base::fail(base::ErrorCode::kInvalidArgument, message);
  };
  require(arguments.degree >= kLeastDegree && arguments.degree <= kMostDegree,
          fmt::format(
              "--degree: is {}; it must be {} to {}, beyond which powers of x lose their digits",
              arguments.degree, kLeastDegree, kMostDegree));
  require(arguments.range >= kLeastRange && arguments.range <= kMostRange,
          fmt::format("--range: is {}; it must be {} to {}: the polynomial is for [-R, R]",
                      arguments.range, kLeastRange, kMostRange));
}

Result fit(const Arguments& arguments) {
  Result result;
  result.name = arguments.function;
  result.function = function_named(arguments.function);
  check(arguments);
  result.range = arguments.range;
  const auto degree = static_cast<unsigned>(arguments.degree);
  const graph::Range interval{-result.range, result.range};
  const auto fitted = [&](FitMethod method) {
    return compiler::fit_polynomial(result.function, degree, interval, method);
  };
  result.method = arguments.method == "minimax" ? FitMethod::kMinimax : FitMethod::kLeastSquares;
  result.coefficients = fitted(result.method).coefficients;
  result.errors = compiler::fit_errors(result.function, result.coefficients, interval);
  if (result.method == FitMethod::kMinimax &&
      result.errors.largest >
          2 * fitted(FitMethod::kLeastSquares).max_error + 10 * result.errors.rounding) {
    base::fail(
        base::ErrorCode::kUnsupported,
        fmt::format("--degree: minimax of degree {} on [-{}, {}] did not settle, its error is "
                    "down to rounding; take a lower degree or --method lsq",
                    degree, result.range, result.range));
  }
  return result;
}

/// Both panels: x a little beyond the range on both sides.
std::vector<datasets::Chart> charts(const Result& result) {
  constexpr int kPoints = 1200;
  datasets::Series exact{result.name, {}}, polynomial{"polynomial", {}},
      error{"polynomial - " + result.name, {}};
  double low = 0, high = 0;  // of what matters: the function, and within the range the polynomial
  for (int i = 0; i <= kPoints; ++i) {
    const double x = kDrawn * result.range * (2.0 * i / kPoints - 1.0);
    const double value = result.function(x), approximation = result.polynomial(x);
    exact.points.push_back({x, value});
    polynomial.points.push_back({x, approximation});
    error.points.push_back({x, approximation - value});
    low = std::min({low, value, std::abs(x) <= result.range ? approximation : value});
    high = std::max({high, value, std::abs(x) <= result.range ? approximation : value});
  }
  const double room = 0.2 * (high - low), reach = 1.6 * std::max(result.errors.largest, 1e-30);
  const datasets::Interval range{-result.range, result.range};
  const auto title = fmt::format("{} as a polynomial of degree {} on [-{}, {}]", result.name,
                                 result.coefficients.size() - 1, result.range, result.range);
  return {{title,
           "",
           "value (grey: outside the range)",
           {exact, polynomial},
           datasets::Interval{low - room, high + room},
           range},
          {"",
           "x",
           fmt::format("error, {}: at most {:.3g} on the range", result.method_text(),
                       result.errors.largest),
           {error},
           datasets::Interval{-reach, reach},
           range}};
}

std::string text(const Result& result) {
  std::string text =
      fmt::format("{} by a polynomial of degree {} on [-{}, {}], {}\n\n", result.name,
                  result.coefficients.size() - 1, result.range, result.range, result.method_text());
  for (std::size_t k = 0; k < result.coefficients.size(); ++k) {
    text += fmt::format("  {:<6}{:>26}\n",
                        k == 0   ? "1"
                        : k == 1 ? "x"
                                 : fmt::format("x^{}", k),
                        result.coefficients[k]);
  }
  text += fmt::format("\nlargest error     {:.6g} at x = {:.4g}\n", result.errors.largest,
                      result.errors.at);
  text += fmt::format("root mean square  {:.6g}\n", result.errors.root_mean_square);
  if (result.errors.rounding > 0.1 * result.errors.largest) {
    text += fmt::format("of which rounding up to {:.2g}: a lower degree does as well\n",
                        result.errors.rounding);
  }
  text += fmt::format("\noutside the range, at {} R:\n", kOutside);
  for (double x : {-kOutside * result.range, kOutside * result.range}) {
    text += fmt::format("  x = {:<8.4g} {} {:.6g}, polynomial {:.6g}, error {:.6g}\n", x,
                        result.name, result.function(x), result.polynomial(x), result.error(x));
  }
  return text;
}

nlohmann::json json(const Result& result) {
  nlohmann::json outside = nlohmann::json::array();
  for (double x : {-kOutside * result.range, kOutside * result.range}) {
    outside.push_back({{"x", x},
                       {"function", result.function(x)},
                       {"polynomial", result.polynomial(x)},
                       {"error", result.error(x)}});
  }
  return {{"function", result.name},
          {"degree", result.coefficients.size() - 1},
          {"range", result.range},
          {"method", result.method == FitMethod::kMinimax ? "minimax" : "lsq"},
          {"coefficients", result.coefficients},
          {"max_error", result.errors.largest},
          {"max_error_at", result.errors.at},
          {"rms_error", result.errors.root_mean_square},
          {"rounding", result.errors.rounding},
          {"outside", outside}};
}

void run(const Arguments& arguments, const Globals& globals) {
  const Result result = fit(arguments);
  if (!arguments.output.empty()) {
    datasets::replace_png(datasets::stacked_charts(charts(result)), arguments.output);
  }
  if (globals.json) {
    fmt::print("{}\n", json(result).dump(2));
    return;
  }
  fmt::print("{}", text(result));
  if (!arguments.output.empty()) fmt::print("\ndrawn in {}\n", arguments.output);
}

}  // namespace

void add_activation(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = add_verb(app, globals, "activation",
                            "The polynomial that stands for an activation function, and its errors",
                            [arguments, &globals] { run(*arguments, globals); });
  verb->add_option("FUNCTION", arguments->function,
                   "relu, sigmoid, tanh, softplus, erf, silu or swish, mish, gelu, hardswish")
      ->required();
  verb->add_option("--degree", arguments->degree, "Degree of the polynomial, 2 to 31")->required();
  verb->add_option("--range", arguments->range, "R: the polynomial is for inputs in [-R, R]")
      ->required();
  verb->add_option("--method", arguments->method,
                   "lsq: least squares, as 'compile' fits; minimax: the smallest largest error")
      ->check(CLI::IsMember({"lsq", "minimax"}));
  verb->add_option("-o,--output", arguments->output,
                   "Draw function, polynomial and error as a PNG, a little beyond the range");
  verb->footer(
      "Coefficients are of powers of x. 'compile' takes polynomials up to degree 4; outside its\n"
      "range a polynomial leaves the function quickly, see the last lines.");
}

}  // namespace serdab::cli
