#include "networks/compiler/fit/fit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/error.h"
#include "networks/compiler/fit/errors.h"
#include "networks/graph/ops.h"

namespace serdab::compiler {
namespace {

using graph::ActivationKind;

Function activation(ActivationKind kind) {
  return [kind](double x) { return graph::activation_value({kind, 0.1}, x); };
}

void expect_coefficients(const Fit& fit, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(fit.coefficients.size(), expected.size());
  for (std::size_t k = 0; k < expected.size(); ++k) {
    EXPECT_NEAR(fit.coefficients[k], expected[k], tolerance) << "of x^" << k;
  }
}

// Known answers of Ishiyama et al. 2020 and of docs/math section 2.
TEST(LeastSquares, PublishedSwishAndMish) {
  const auto swish = activation(ActivationKind::kSilu), mish = activation(ActivationKind::kMish);
  const auto fit = [](const Function& f, double r) {
    return fit_polynomial(f, 4, {-r, r}, FitMethod::kLeastSquares);
  };
  expect_coefficients(fit(swish, 4), {0.03347, 0.5, 0.19566, 0, -0.005075}, 5e-6);
  expect_coefficients(fit(swish, 6), {0.1198, 0.5, 0.1473, 0, -0.002012}, 5e-5);
  expect_coefficients(fit(mish, 4), {0.06021, 0.565775, 0.21051, -0.004142, -0.00609}, 5e-6);
}

TEST(LeastSquares, ReproducesPolynomials) {
  const Function cubic = [](double x) { return 1 - 2 * x + 0.5 * x * x + 3 * x * x * x; };
  for (FitMethod method : {FitMethod::kLeastSquares, FitMethod::kMinimax}) {
    expect_coefficients(fit_polynomial(cubic, 3, {-1, 5}, method), {1, -2, 0.5, 3}, 1e-9);
    expect_coefficients(fit_polynomial(cubic, 5, {-2, 2}, method), {1, -2, 0.5, 3, 0, 0}, 1e-9);
  }
}

TEST(Parity, IsFoundAndKeptExactly) {
  const graph::Range r{-5, 5};
  EXPECT_EQ(parity_of(activation(ActivationKind::kSilu), r), Parity::kEvenAndLine);
  EXPECT_EQ(parity_of(activation(ActivationKind::kRelu), r), Parity::kEvenAndLine);
  EXPECT_EQ(parity_of(activation(ActivationKind::kLeakyRelu), r), Parity::kEvenAndLine);
  EXPECT_EQ(parity_of(activation(ActivationKind::kGelu), r), Parity::kEvenAndLine);
  EXPECT_EQ(parity_of(activation(ActivationKind::kSigmoid), r), Parity::kOddAndConstant);
  EXPECT_EQ(parity_of(activation(ActivationKind::kTanh), r), Parity::kOddAndConstant);
  EXPECT_EQ(parity_of(activation(ActivationKind::kMish), r), Parity::kNone);
  EXPECT_EQ(parity_of(activation(ActivationKind::kSilu), {-5, 4}), Parity::kNone);
  for (FitMethod method : {FitMethod::kLeastSquares, FitMethod::kMinimax}) {
    const Fit silu = fit_polynomial(activation(ActivationKind::kSilu), 7, r, method);
    for (std::size_t k : {3u, 5u, 7u}) EXPECT_EQ(silu.coefficients[k], 0.0);
    EXPECT_NEAR(silu.coefficients[1], 0.5, 1e-15);
    const Fit tanh = fit_polynomial(activation(ActivationKind::kTanh), 6, r, method);
    for (std::size_t k : {0u, 2u, 4u, 6u}) EXPECT_EQ(tanh.coefficients[k], 0.0);
  }
}

TEST(Minimax, AbsoluteValueOfDegreeTwo) {
  // x² + 1/8 is the best quadratic for |x| on [−1, 1]; the error 1/8 is reached at 0, ±1/2, ±1.
  const Fit fit =
      fit_polynomial([](double x) { return std::abs(x); }, 2, {-1, 1}, FitMethod::kMinimax);
  expect_coefficients(fit, {0.125, 0, 1}, 1e-6);
  EXPECT_NEAR(fit.max_error, 0.125, 1e-6);
}

TEST(Minimax, ExponentialOfDegreeOne) {
  // Slope e − 1 on [0, 1]; offset (e − (e − 1)·ln(e − 1))/2.
  const double slope = std::exp(1.0) - 1;
  const Fit fit =
      fit_polynomial([](double x) { return std::exp(x); }, 1, {0, 1}, FitMethod::kMinimax);
  expect_coefficients(fit, {(std::exp(1.0) - slope * std::log(slope)) / 2, slope}, 1e-6);
}

TEST(Minimax, ErrorAlternatesAndIsNeverAboveLeastSquares) {
  for (ActivationKind kind :
       {ActivationKind::kRelu, ActivationKind::kSilu, ActivationKind::kMish, ActivationKind::kGelu,
        ActivationKind::kSigmoid, ActivationKind::kTanh, ActivationKind::kHardSwish}) {
    for (unsigned degree : {2u, 3u, 4u, 7u, 11u}) {
      for (graph::Range interval : {graph::Range{-6, 6}, graph::Range{-3, 7}}) {
        const Function f = activation(kind);
        const Fit best = fit_polynomial(f, degree, interval, FitMethod::kMinimax);
        const Fit squares = fit_polynomial(f, degree, interval, FitMethod::kLeastSquares);
        EXPECT_LE(best.max_error, squares.max_error * (1 + 1e-6) + 1e-12)
            << "kind " << static_cast<int>(kind) << " degree " << degree;
      }
    }
  }
}

TEST(Fit, HighDegreesConverge) {
  const Function f = activation(ActivationKind::kSilu);
  EXPECT_LT(fit_polynomial(f, 16, {-8, 8}, FitMethod::kMinimax).max_error, 2e-3);
  EXPECT_LT(fit_polynomial(f, 24, {-8, 8}, FitMethod::kLeastSquares).max_error, 1e-3);
}

TEST(Fit, RefusesWhatItCannotDo) {
  const Function f = activation(ActivationKind::kRelu);
  EXPECT_THROW(fit_polynomial(f, 0, {-1, 1}, FitMethod::kMinimax), base::Error);
  EXPECT_THROW(fit_polynomial(f, 32, {-1, 1}, FitMethod::kMinimax), base::Error);
  EXPECT_THROW(fit_polynomial(f, 4, {1, 1}, FitMethod::kMinimax), base::Error);
  EXPECT_THROW(fit_polynomial([](double x) { return 1 / x; }, 4, {-1, 1}, FitMethod::kMinimax),
               base::Error);
}

TEST(FitErrors, AreThoseOfALineForASquare) {
  // x² − 1/2 on [0, 1]: 1/2 at both ends; the mean of its square is 1/5 − 1/3 + 1/4.
  const std::vector<double> half{0.5};
  const FitErrors errors = fit_errors([](double x) { return x * x; }, half, {0, 1});
  EXPECT_DOUBLE_EQ(errors.largest, 0.5);
  EXPECT_DOUBLE_EQ(errors.at, 1.0);
  EXPECT_NEAR(errors.root_mean_square, std::sqrt(1.0 / 5 - 1.0 / 3 + 1.0 / 4), 1e-4);
  EXPECT_LT(errors.rounding, 1e-15);
}

TEST(FitErrors, OfTheFitAreItsOwn) {
  const Function f = activation(ActivationKind::kMish);
  const Fit fit = fit_polynomial(f, 5, {-3, 3}, FitMethod::kMinimax);
  const FitErrors errors = fit_errors(f, fit.coefficients, {-3, 3});
  EXPECT_EQ(errors.largest, fit.max_error);
  EXPECT_DOUBLE_EQ(std::abs(polynomial_value(fit.coefficients, errors.at) - f(errors.at)),
                   errors.largest);
  EXPECT_LT(errors.root_mean_square, errors.largest);
}

}  // namespace
}  // namespace serdab::compiler
