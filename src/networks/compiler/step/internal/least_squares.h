#pragma once

#include <cstddef>
#include <vector>

namespace serdab::compiler {

/// Σ factors·x + constant.
struct LinearForm {
  std::vector<double> factors;
  double constant = 0;

  explicit LinearForm(std::size_t unknowns = 0) : factors(unknowns) {}
  void add(const LinearForm& other, double times);
  double at(const std::vector<double>& x) const;
  bool is_zero() const;
};

/// A form that should be `wanted`, and how much that matters.
struct WishedEquation {
  LinearForm form;
  double wanted = 0;
  double weight = 1;
};

/// The x that meets every equality (form = 0) and, among those, comes closest to the wishes in
/// least squares. Redundant equalities are fine; contradictory ones are met as well as can be,
/// which the caller checks.
std::vector<double> solve_wishes(std::size_t unknowns, const std::vector<WishedEquation>& wishes,
                                 const std::vector<LinearForm>& equalities);

}  // namespace serdab::compiler
