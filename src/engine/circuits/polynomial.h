#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "engine/ckks/evaluator.h"

namespace serdab::circuits {

namespace internal {
struct PolynomialPlan;
struct PowerStep;
}  // namespace internal

enum class PolynomialBasis {
  kMonomial,   ///< Σ c_i x^i
  kChebyshev,  ///< Σ c_i T_i(u), u = (2x − begin − end)/(end − begin)
};

/// A polynomial of degree 1 to 127 by its coefficients, lowest first. Coefficients that are exactly
/// 0 cost nothing: even and odd polynomials need about half the powers. The interval is read for
/// the Chebyshev basis only.
struct Polynomial {
  PolynomialBasis basis = PolynomialBasis::kMonomial;
  std::vector<double> coefficients;
  double begin = -1, end = 1;
};
/// In the clear.
double evaluate(const Polynomial& polynomial, double x);

/// What one evaluation does.
struct PolynomialCounts {
  std::size_t multiplications = 0;   ///< of ciphertexts, squares included
  std::size_t relinearisations = 0;  ///< each followed by one of the rescales
  std::size_t rescales = 0;          ///< by one prime
  std::size_t scalar_products = 0;   ///< a ciphertext times an integer, added
  std::size_t depth = 0;             ///< primes between input and result

  bool operator==(const PolynomialCounts&) const = default;
};
/// Without parameters and without running. Throws as PolynomialEvaluation does for the polynomial.
PolynomialCounts count(const Polynomial& polynomial);

/// Evaluates a polynomial slot by slot, both rings (in the standard ring on complex slots), by
/// Paterson and Stockmeyer's method: powers (or T_i) up to a baby bound, giants at powers of two,
/// p = q·X^g + r. Depth is ceil(log2(degree + 1)), one more where a Chebyshev interval is mapped to
/// [−1, 1] by a factor that is no integer. Every level drops one prime, so that primes should be
/// near the scales.
///
/// Scales follow Bossuat et al. 2020/1203, section 5: the wanted scale is handed down the
/// recursion, S for p becomes S·q_l/scale(X^g) for q before its rescale and S for r, and constants
/// are rounded at the scale that lands there. All sums are of equal scales, up to the last bit of a
/// double; what is left is the rounding of constants, at most half a unit in S/scale(X^i), near
/// the prime that is dropped next. Products of one sum are relinearised together, just before they
/// are rescaled.
///
/// Immutable, shareable; the context must outlive it.
class PolynomialEvaluation {
 public:
  /// For inputs of this level and scale; the result has scale `target` exactly. Throws
  /// base::Error(kInvalidArgument): no degree from 1 to 127, coefficients that are not finite, an
  /// empty interval, too few levels, scales that leave the modulus or fall below 1.
  PolynomialEvaluation(const ckks::Context& context, const Polynomial& polynomial,
                       ckks::Level level, ckks::Scale scale, ckks::Scale target);
  PolynomialEvaluation(PolynomialEvaluation&&) noexcept;
  PolynomialEvaluation& operator=(PolynomialEvaluation&&) noexcept;
  ~PolynomialEvaluation();

  /// `x` has two parts. Throws base::Error(kMismatch) when it or the key does not fit. `ran`, if
  /// given, takes what was done, which is counts().
  ckks::Ciphertext apply(const ckks::Evaluator& evaluator, const ckks::Ciphertext& x,
                         const ckks::RelinearisationKey& key,
                         PolynomialCounts* ran = nullptr) const;

  PolynomialCounts counts() const;
  ckks::Level output_level() const;
  ckks::Scale output_scale() const { return target_; }

 private:
  class Run;
  void set_power_scales();
  void set_node_scales();
  void check_scale(ckks::Scale scale, ckks::Level level, const char* of_what) const;
  ckks::Level node_level(std::size_t node) const;
  double prime(ckks::Level level) const;

  const ckks::Context* context_;
  ckks::Level level_;  ///< of the input
  ckks::Scale scale_, target_;
  ckks::Level top_;  ///< of power 1
  std::unique_ptr<const internal::PolynomialPlan> plan_;
  std::vector<ckks::Scale> power_scales_;  ///< by power
  std::vector<ckks::Scale> node_scales_;   ///< by node, before its rescale
};

}  // namespace serdab::circuits
