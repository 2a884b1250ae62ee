#include <algorithm>

#include "engine/base/error.h"
#include "networks/compiler/circuit/internal/depressed.h"

namespace serdab::compiler {

bool all_zero(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return v == 0; });
}

Depressed depress(const std::vector<double>& c) {
  const std::size_t d = c.size() - 1;
  const double a = c[d];
  if (d == 2) {
    const double h = c[1] / (2 * a);
    return {a, h, 0, 0, c[0] / a - h * h};
  }
  if (d == 3) {
    const double h = c[2] / (3 * a);
    // a((x'−h)³) + c2(x'−h)² + c1(x'−h) + c0, divided by a.
    const double linear = 3 * h * h - 2 * h * c[2] / a + c[1] / a;
    const double constant = -h * h * h + c[2] / a * h * h - c[1] / a * h + c[0] / a;
    return {a, h, linear, 0, constant};
  }
  const double h = c[3] / (4 * a);
  const double b3 = c[3] / a, b2 = c[2] / a, b1 = c[1] / a, b0 = c[0] / a;
  const double p2 = 6 * h * h - 3 * h * b3 + b2;
  const double p1 = -4 * h * h * h + 3 * h * h * b3 - 2 * h * b2 + b1;
  const double p0 = h * h * h * h - h * h * h * b3 + h * h * b2 - h * b1 + b0;
  return {a, h, p2 / 2, p1, p0 - p2 * p2 / 4};
}

Polynomial trimmed(Polynomial polynomial, const std::string& layer) {
  for (auto& set : polynomial.sets) {
    while (!set.empty() && set.back() == 0) set.pop_back();
  }
  for (const auto& set : polynomial.sets) {
    if (set.size() == polynomial.sets.front().size() && set.size() >= 3 && set.size() <= 5)
      continue;
    base::fail(base::ErrorCode::kUnsupported,
               "layer '" + layer + "': a polynomial of degree " +
                   std::to_string(set.empty() ? 0 : set.size() - 1) +
                   "; layers are evaluated in degrees 2 to 4, one degree for all channels");
  }
  return polynomial;
}

}  // namespace serdab::compiler
