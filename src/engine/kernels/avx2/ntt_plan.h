#pragma once

/// Which passes of a transform must bring values back towards zero. The bounds here, in units of q,
/// are the proof of docs/notes/ntt-ranges.md carried out for the prime at hand.
/// Internal linkage throughout: see doubles.h.
namespace serdab::kernels::avx2 {
namespace {

struct Bounds {
  double limit;  ///< 2^52/q: factors up to limit·q keep |a·w/q| below 2^51 for |w| <= q/2
  double ulp;    ///< 2^-53·q

  explicit Bounds(double q) : limit(4503599627370496.0 / q), ulp(q / 9007199254740992.0) {}
  /// Bound of product(a, w) for |a| <= c·q, |w| <= q/2.
  double product(double c) const { return 0.5 + c * ulp; }
  /// Bound of centre(x); |x/q| is at most 2^33 and the excess over 1/2 below 2^-18.
  static constexpr double kCentred = 0.50001;
};

/// A forward pass of two layers over (a0, a1, a2, a3) can centre a0 and a1 first.
struct ForwardPass {
  bool centre = false;
};
/// An inverse pass of two layers can centre outputs: none, a0, or a0 and a1.
struct InversePass {
  int centre = 0;
};

constexpr int kMaxPasses = 10;

struct ForwardPlan {
  ForwardPass pass[kMaxPasses];
};
struct InversePlan {
  InversePass pass[kMaxPasses];
};

/// `first`: bound of the values that enter the first pass; all passes have two layers.
inline ForwardPlan plan_forward(double q, double first, int passes) {
  const Bounds bounds(q);
  ForwardPlan plan;
  double c = first;
  for (int i = 0; i < passes; ++i) {
    const double product1 = bounds.product(c);
    const double kept = c + product1;
    // The next pass multiplies what leaves this one, so that must stay below the limit too.
    const bool centre = kept + bounds.product(kept) > bounds.limit;
    const double middle = centre ? Bounds::kCentred + product1 : kept;
    plan.pass[i].centre = centre;
    c = middle + bounds.product(middle);
  }
  return plan;
}

inline InversePlan plan_inverse(double q, double first, int passes) {
  const Bounds bounds(q);
  InversePlan plan;
  double c = first;
  for (int i = 0; i < passes; ++i) {
    const double a0 = 4 * c;
    const double a1 = 2 * bounds.product(2 * c);
    const double rest = bounds.product(4 * c);  // bounds a2 and a3 where 4c is within the limit
    int level = 0;
    const auto after = [&](int centred) {
      double bound = rest;
      const double kept0 = centred >= 1 ? Bounds::kCentred : a0;
      const double kept1 = centred >= 2 ? Bounds::kCentred : a1;
      if (kept0 > bound) bound = kept0;
      if (kept1 > bound) bound = kept1;
      return bound;
    };
    while (level < 2 && 4 * after(level) > bounds.limit) ++level;
    plan.pass[i].centre = level;
    c = after(level);
  }
  return plan;
}

}  // namespace
}  // namespace serdab::kernels::avx2
