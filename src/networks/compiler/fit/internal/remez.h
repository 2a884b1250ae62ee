#pragma once

#include <vector>

#include "networks/compiler/fit/fit.h"

namespace serdab::compiler::fit {

/// Weights of the Chebyshev polynomials of the given orders (in t = (x − centre)/half) that make
/// the largest |f − Σ| over x in `domain` smallest. The orders must be a Haar system there: 0 … d
/// on any domain inside |t| <= 1, even or odd ones on a half. Remez's second algorithm on a dense
/// grid.
std::vector<double> remez(const Function& f, const std::vector<unsigned>& orders, double centre,
                          double half, const graph::Range& domain);

}  // namespace serdab::compiler::fit
