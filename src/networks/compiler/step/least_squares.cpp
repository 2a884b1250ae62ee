#include "networks/compiler/step/internal/least_squares.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace serdab::compiler {
namespace {

constexpr double kPivot = 1e-9;
// Keeps unknowns in place that no wish speaks of.
constexpr double kRegular = 1e-9;

using Row = std::vector<double>;  // factors, then the constant

// Brings equalities into reduced echelon form: each row's pivot unknown stands in no other row.
// Returns the pivots; rows without one are dropped.
std::vector<std::size_t> eliminate(std::vector<Row>& rows, std::size_t unknowns) {
  std::vector<std::size_t> pivots;
  std::size_t done = 0;
  for (std::size_t column = 0; column < unknowns && done < rows.size(); ++column) {
    std::size_t best = done;
    for (std::size_t r = done; r < rows.size(); ++r) {
      if (std::abs(rows[r][column]) > std::abs(rows[best][column])) best = r;
    }
    if (std::abs(rows[best][column]) < kPivot) continue;
    std::swap(rows[best], rows[done]);
    const double pivot = rows[done][column];
    for (double& v : rows[done]) v /= pivot;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const double factor = rows[r][column];
      if (r == done || factor == 0) continue;
      for (std::size_t k = 0; k < rows[r].size(); ++k) rows[r][k] -= factor * rows[done][k];
    }
    pivots.push_back(column);
    ++done;
  }
  rows.resize(done);
  return pivots;
}

// The least squares of the wishes over the unknowns that are left free.
std::vector<double> normal_solution(const std::vector<Row>& wishes, std::size_t free) {
  std::vector<Row> normal(free, Row(free + 1));
  for (std::size_t i = 0; i < free; ++i) normal[i][i] = kRegular;
  for (const Row& wish : wishes) {
    for (std::size_t i = 0; i < free; ++i) {
      for (std::size_t k = 0; k <= free; ++k) normal[i][k] += wish[i] * wish[k];
    }
  }
  const std::vector<std::size_t> pivots = eliminate(normal, free);
  std::vector<double> x(free);
  for (std::size_t r = 0; r < pivots.size(); ++r) x[pivots[r]] = -normal[r][free];
  return x;
}

}  // namespace

void LinearForm::add(const LinearForm& other, double times) {
  for (std::size_t i = 0; i < factors.size(); ++i) factors[i] += times * other.factors[i];
  constant += times * other.constant;
}

double LinearForm::at(const std::vector<double>& x) const {
  double sum = constant;
  for (std::size_t i = 0; i < factors.size(); ++i) sum += factors[i] * x[i];
  return sum;
}

bool LinearForm::is_zero() const {
  return std::all_of(factors.begin(), factors.end(), [](double f) { return f == 0; }) &&
         std::abs(constant) < kPivot;
}

std::vector<double> solve_wishes(std::size_t unknowns, const std::vector<WishedEquation>& wishes,
                                 const std::vector<LinearForm>& equalities) {
  std::vector<Row> rows;
  for (const LinearForm& form : equalities) {
    rows.push_back(form.factors);
    rows.back().push_back(form.constant);
  }
  const std::vector<std::size_t> pivots = eliminate(rows, unknowns);
  std::vector<std::size_t> free;
  for (std::size_t i = 0; i < unknowns; ++i) {
    if (std::find(pivots.begin(), pivots.end(), i) == pivots.end()) free.push_back(i);
  }
  // Wishes in the free unknowns alone.
  std::vector<Row> reduced;
  for (const WishedEquation& wish : wishes) {
    Row full = wish.form.factors;
    full.push_back(wish.form.constant - wish.wanted);
    for (std::size_t r = 0; r < pivots.size(); ++r) {
      const double factor = full[pivots[r]];
      for (std::size_t k = 0; k < full.size(); ++k) full[k] -= factor * rows[r][k];
    }
    Row row;
    for (const std::size_t i : free) row.push_back(full[i] * wish.weight);
    row.push_back(full.back() * wish.weight);
    reduced.push_back(std::move(row));
  }
  const std::vector<double> values = normal_solution(reduced, free.size());
  std::vector<double> x(unknowns);
  for (std::size_t i = 0; i < free.size(); ++i) x[free[i]] = values[i];
  for (std::size_t r = 0; r < pivots.size(); ++r) {
    double sum = -rows[r].back();
    for (const std::size_t i : free) sum -= rows[r][i] * x[i];
    x[pivots[r]] = sum;
  }
  return x;
}

}  // namespace serdab::compiler
