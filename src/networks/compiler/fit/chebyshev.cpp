#include "networks/compiler/fit/internal/chebyshev.h"

#include <algorithm>
#include <cmath>

namespace serdab::compiler::fit {

double chebyshev(unsigned n, double t) { return std::cos(n * std::acos(std::clamp(t, -1.0, 1.0))); }

double chebyshev_sum(const std::vector<unsigned>& orders, const std::vector<double>& weights,
                     double t) {
  double sum = 0.0;
  for (std::size_t k = 0; k < orders.size(); ++k) sum += weights[k] * chebyshev(orders[k], t);
  return sum;
}

namespace {

using Powers = std::vector<double>;

/// T_0 … T_degree in powers of t.
std::vector<Powers> chebyshev_powers(unsigned degree) {
  std::vector<Powers> t(degree + 1, Powers(degree + 1, 0.0));
  t[0][0] = 1.0;
  if (degree > 0) t[1][1] = 1.0;
  for (unsigned n = 2; n <= degree; ++n) {
    for (unsigned k = 0; k <= degree; ++k) {
      t[n][k] = (k > 0 ? 2.0 * t[n - 1][k - 1] : 0.0) - t[n - 2][k];
    }
  }
  return t;
}

}  // namespace

std::vector<double> to_powers(const std::vector<unsigned>& orders,
                              const std::vector<double>& weights, double centre, double half,
                              unsigned degree) {
  const auto t = chebyshev_powers(degree);
  Powers in_t(degree + 1, 0.0);
  for (std::size_t k = 0; k < orders.size(); ++k) {
    for (unsigned i = 0; i <= degree; ++i) in_t[i] += weights[k] * t[orders[k]][i];
  }
  // Horner's rule with t = (x − centre)/half.
  Powers result(degree + 1, 0.0);
  for (unsigned k = degree + 1; k-- > 0;) {
    for (unsigned i = degree; i > 0; --i) {
      result[i] = (result[i - 1] - centre * result[i]) / half;
    }
    result[0] = -centre * result[0] / half + in_t[k];
  }
  return result;
}

std::vector<double> solve_least_squares(std::vector<double> a, std::size_t columns,
                                        std::vector<double> b) {
  const std::size_t rows = b.size();
  for (std::size_t j = 0; j < columns; ++j) {
    double norm = 0.0;
    for (std::size_t i = j; i < rows; ++i) norm = std::hypot(norm, a[i * columns + j]);
    const double pivot = a[j * columns + j] > 0 ? -norm : norm;
    std::vector<double> v(rows - j);
    for (std::size_t i = j; i < rows; ++i) v[i - j] = a[i * columns + j];
    v[0] -= pivot;
    double square = 0.0;
    for (double x : v) square += x * x;
    if (square == 0.0) continue;
    const auto reflect = [&](double* column, std::size_t stride) {
      double dot = 0.0;
      for (std::size_t i = 0; i < v.size(); ++i) dot += v[i] * column[i * stride];
      for (std::size_t i = 0; i < v.size(); ++i) column[i * stride] -= 2.0 * dot / square * v[i];
    };
    for (std::size_t k = j; k < columns; ++k) reflect(a.data() + j * columns + k, columns);
    reflect(b.data() + j, 1);
  }
  std::vector<double> w(columns);
  for (std::size_t j = columns; j-- > 0;) {
    double sum = b[j];
    for (std::size_t k = j + 1; k < columns; ++k) sum -= a[j * columns + k] * w[k];
    w[j] = sum / a[j * columns + j];
  }
  return w;
}

}  // namespace serdab::compiler::fit
