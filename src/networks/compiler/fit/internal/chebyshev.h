#pragma once

#include <cstddef>
#include <vector>

namespace serdab::compiler::fit {

/// T_n(t) for |t| <= 1.
double chebyshev(unsigned n, double t);

/// Σ_k weights[k]·T_{orders[k]}(t).
double chebyshev_sum(const std::vector<unsigned>& orders, const std::vector<double>& weights,
                     double t);

/// Coefficients in powers of x of Σ_k weights[k]·T_{orders[k]}((x − centre)/half), `degree` + 1 of
/// them.
std::vector<double> to_powers(const std::vector<unsigned>& orders,
                              const std::vector<double>& weights, double centre, double half,
                              unsigned degree);

/// The least-squares solution of A·w = b: A row-major, rows >= columns, full rank (Householder).
std::vector<double> solve_least_squares(std::vector<double> a, std::size_t columns,
                                        std::vector<double> b);

}  // namespace serdab::compiler::fit
