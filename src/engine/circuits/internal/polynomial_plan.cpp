#include "engine/circuits/internal/polynomial_plan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <string>

#include "engine/base/error.h"

namespace serdab::circuits::internal {
namespace {

using Coefficients = std::vector<double>;

unsigned degree(const Coefficients& p) {
  std::size_t i = p.size();
  while (i > 1 && p[i - 1] == 0) --i;
  return static_cast<unsigned>(i - 1);
}

[[noreturn]] void refuse(const std::string& what) {
  base::fail(base::ErrorCode::kInvalidArgument, "polynomial: " + what);
}

void check(const Polynomial& polynomial) {
  for (const double c : polynomial.coefficients) {
    if (!std::isfinite(c)) refuse("a coefficient is not finite");
  }
  const unsigned d = polynomial.coefficients.empty() ? 0 : degree(polynomial.coefficients);
  if (d < 1 || d > 127) refuse("its degree is " + std::to_string(d) + "; 1 to 127 can be done");
  if (polynomial.basis == PolynomialBasis::kChebyshev &&
      !(std::isfinite(polynomial.begin) && std::isfinite(polynomial.end) &&
        polynomial.begin < polynomial.end)) {
    refuse("the interval [" + std::to_string(polynomial.begin) + ", " +
           std::to_string(polynomial.end) + "] is empty");
  }
}

/// p = q·X^g + r with deg q, deg r < g, for g <= deg p < 2g; `p` becomes r.
Coefficients divide(PolynomialBasis basis, Coefficients& p, unsigned g) {
  const unsigned d = degree(p);
  Coefficients q(d - g + 1);
  q[0] = p[g];
  for (unsigned i = g + 1; i <= d; ++i) {
    if (basis == PolynomialBasis::kMonomial) {
      q[i - g] = p[i];
    } else {  // T_i = 2·T_g·T_(i−g) − T_(2g−i)
      q[i - g] = 2 * p[i];
      p[2 * g - i] -= p[i];
    }
  }
  p.resize(g);
  return q;
}

class Builder {
 public:
  Builder(PolynomialPlan& plan, unsigned babies) : plan_(plan), babies_(babies) {}

  /// Adds a node of this depth for p.
  std::size_t build(Coefficients p, unsigned depth) {
    const std::size_t node = plan_.nodes.size();
    plan_.nodes.push_back({.depth = depth, .constant = 0, .terms = {}, .products = {}});
    while (!is_sum_of_babies(p, depth)) {
      const unsigned g = std::bit_floor(degree(p));
      const Coefficients q = divide(plan_.basis, p, g);
      if (degree(q) == 0) {
        add_term(node, g, q[0]);
      } else {
        const std::size_t factor = build(q, depth - 1);
        plan_.nodes[node].products.push_back({g, factor});
        used_.insert(g);
      }
    }
    plan_.nodes[node].constant = p[0];
    for (unsigned i = 1; i < p.size(); ++i) {
      if (p[i] != 0) add_term(node, i, p[i]);
    }
    return node;
  }

  /// All powers that are needed, with what makes them.
  void finish() {
    const bool chebyshev = plan_.basis == PolynomialBasis::kChebyshev;
    while (!used_.empty()) {
      const unsigned power = *used_.rbegin();
      used_.erase(power);
      if (power == 1) continue;
      const unsigned a = std::has_single_bit(power) ? power / 2 : std::bit_floor(power);
      const unsigned b = power - a;
      plan_.steps.push_back({power, a, b});
      used_.insert({a, b});
      if (chebyshev && a > b) used_.insert(a - b);
    }
    std::reverse(plan_.steps.begin(), plan_.steps.end());
  }

 private:
  /// Nothing to split: each power that p has is a baby, known one level above the node.
  bool is_sum_of_babies(const Coefficients& p, unsigned depth) const {
    for (unsigned i = 1; i < p.size(); ++i) {
      if (p[i] != 0 && (i >= babies_ || depth_of_power(i) + 1 > depth)) return false;
    }
    return true;
  }
  void add_term(std::size_t node, unsigned power, double coefficient) {
    plan_.nodes[node].terms.push_back({power, coefficient});
    used_.insert(power);
  }

  PolynomialPlan& plan_;
  unsigned babies_;
  std::set<unsigned> used_;
};

void set_interval(const Polynomial& polynomial, PolynomialPlan& plan) {
  if (polynomial.basis != PolynomialBasis::kChebyshev) return;
  const double width = polynomial.end - polynomial.begin;
  plan.factor = 2 / width;
  plan.shift = -(polynomial.begin + polynomial.end) / width;
  plan.factor_is_integer = plan.factor == std::nearbyint(plan.factor) && plan.factor < 0x1p31;
}

PolynomialPlan plan_with(const Polynomial& polynomial, unsigned babies) {
  PolynomialPlan plan;
  plan.basis = polynomial.basis;
  set_interval(polynomial, plan);
  Builder builder(plan, babies);
  builder.build(polynomial.coefficients,
                static_cast<unsigned>(std::bit_width(degree(polynomial.coefficients))));
  builder.finish();
  return plan;
}

/// In products of two ciphertexts: a relinearisation and its rescale take some six times as long,
/// a bare rescale twice.
double cost(const PolynomialCounts& counts) {
  return static_cast<double>(counts.multiplications) +
         4 * static_cast<double>(counts.relinearisations) +
         2 * static_cast<double>(counts.rescales) +
         0.2 * static_cast<double>(counts.scalar_products);
}

}  // namespace

unsigned depth_of_power(unsigned power) { return static_cast<unsigned>(std::bit_width(power - 1)); }

PolynomialPlan make_plan(const Polynomial& polynomial) {
  check(polynomial);
  PolynomialPlan best = plan_with(polynomial, 2);
  for (unsigned babies = 4; babies <= 2 * degree(polynomial.coefficients); babies *= 2) {
    PolynomialPlan plan = plan_with(polynomial, babies);
    if (cost(count(plan)) < cost(count(best))) best = std::move(plan);
  }
  return best;
}

PolynomialCounts count(const PolynomialPlan& plan) {
  PolynomialCounts counts;
  counts.multiplications = counts.relinearisations = counts.rescales = plan.steps.size();
  for (const PowerStep& step : plan.steps) {
    if (plan.basis == PolynomialBasis::kChebyshev && step.a > step.b) ++counts.scalar_products;
  }
  for (const PolynomialNode& node : plan.nodes) {
    counts.multiplications += node.products.size();
    counts.relinearisations += node.products.empty() ? 0 : 1;
    counts.rescales += 1;
    counts.scalar_products += node.terms.size();
  }
  counts.depth = plan.nodes[0].depth;
  if (!plan.factor_is_integer) ++counts.depth, ++counts.rescales;
  return counts;
}

}  // namespace serdab::circuits::internal
