#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "networks/program/program.h"
#include "networks/program/reference.h"

namespace serdab::program::testing {

/// A step over six primes of about 2^30 (q_0 of more): "weights" (3 ciphertexts) and "data" (2)
/// give the next weights, which can be the next step's. Every op of steps stands in it, sums of one
/// element with many made before and after it, a value of two names, and an output that a rescale
/// reads. Messages of magnitude up to 1/2 stay so for some steps.
class StepProgram {
 public:
  StepProgram(const std::vector<std::uint64_t>& primes, const std::vector<std::uint64_t>& special,
              std::uint32_t positions) {
    p_.layout = Layout::kPacked;
    p_.positions = positions;
    p_.primes = primes;
    p_.special_primes = special;
    forward();
    backward();
    p_.outputs = {{"weights", next_},
                  {"loss", loss_},
                  {"gradient", gradient_},
                  {"copy", next_},
                  {"total", repeated_}};
  }

  /// Largest magnitudes are those of a run on these inputs.
  Program calibrated(const std::map<std::string, Bundle>& inputs) const {
    Program result = p_;
    run_reference(p_, inputs, [&](ValueId id, Bundle& bundle) {
      double largest = 0;
      for (const double x : bundle.data) largest = std::max(largest, std::abs(x));
      result.values[id].calibrated = largest;
    });
    return result;
  }

 private:
  ValueId push(Op op, std::uint32_t count, unsigned parts, unsigned level, base::Scale scale) {
    p_.values.push_back({std::move(op), "layer", count, parts, {level}, scale, 1.0});
    return static_cast<ValueId>(p_.values.size() - 1);
  }
  /// With everything as in an earlier value but the op.
  ValueId push_like(Op op, ValueId from) {
    const Value& value = p_.values[from];
    return push(std::move(op), value.count, value.parts, value.level.value, value.scale);
  }
  base::Scale scale(ValueId id) const { return p_.values[id].scale; }
  unsigned level(ValueId id) const { return p_.values[id].level.value; }

  ValueId rescale(ValueId from) {
    const base::Scale after = base::rescaled(scale(from), p_.primes[level(from)]);
    return push(Rescale{from, 1}, p_.values[from].count, 2, level(from) - 1, after);
  }
  ValueId contract(ValueId a, ValueId b, std::vector<ProductTerm> terms, std::uint32_t count) {
    const base::Scale product = scale(a) * scale(b);
    const ValueId sums = push(Contract{a, b, std::move(terms)}, count, 3, level(a), product);
    return rescale(push(Relinearise{sums}, count, 2, level(a), product));
  }
  ValueId mask(ValueId from, std::size_t vectors) {
    std::vector<double> factors(vectors * p_.positions);
    for (std::size_t i = 0; i < factors.size(); ++i) {
      factors[i] = i % 3 == 0 ? 0 : 0.5 * std::cos(static_cast<double>(i * i % 1009));
    }
    const base::Scale weight{std::exp2(30)};
    return push(Mask{from, std::move(factors), weight}, p_.values[from].count, 2, level(from),
                scale(from) * weight);
  }
  ValueId drop(ValueId from, unsigned to) {
    return push(ModDrop{from}, p_.values[from].count, p_.values[from].parts, to, scale(from));
  }
  std::int64_t ratio(base::Scale a, base::Scale b) const { return std::llround(a.value / b.value); }

  void forward() {
    const base::Scale s{std::exp2(30)};
    weights_ = push(Input{"weights"}, 3, 2, 5, s);
    const ValueId data = push(Input{"data"}, 2, 2, 5, s);
    const ValueId products =
        contract(weights_, data, {{0, 0, 0}, {1, 1, 0}, {2, 0, 1}, {0, 1, 2}, {1, 0, 2}}, 3);
    const ValueId masked = mask(products, 1);
    const std::uint32_t half = p_.positions / 2;
    const ValueId total = push(RotatedTotal{masked, {{0, {}}, {1, {1}}, {3, {1, 2}}}}, 1, 2,
                               level(masked), scale(masked));
    const ValueId sum = rescale(total);
    repeated_ = push_like(RotateSum{sum, {{half, {half}}, {half / 2, {half / 2}}}}, sum);
    const ValueId moved = push(Rotate{repeated_, {{0, {}}, {2, {2}}, {5, {1, 2, 2}}}}, 3, 2,
                               level(repeated_), scale(repeated_));
    hidden_ = rescale(mask(moved, 3));
  }

  void backward() {
    loss_ = contract(hidden_, hidden_, {{0, 0, 0}, {1, 2, 1}, {2, 1, 1}, {1, 1, 1}}, 2);
    const ValueId chosen = push(Select{loss_, {1, 0, 1}}, 3, 2, level(loss_), scale(loss_));
    const ValueId eighth =
        push(Reinterpret{chosen}, 3, 2, level(chosen), scale(chosen) * base::Scale{8});
    // One element made before the others, then one made after them.
    const ValueId with_early = push_like(
        AddScaled{eighth, repeated_, {ratio(scale(eighth), scale(repeated_)) / 8}}, eighth);
    const ValueId late =
        push(RotatedTotal{loss_, {{2, {2}}, {0, {}}}}, 1, 2, level(loss_), scale(loss_));
    const ValueId low = drop(hidden_, level(late));
    gradient_ = push_like(AddScaled{low, late, {-1}}, low);
    const ValueId same = drop(weights_, level(eighth));
    next_ = push_like(AddScaled{with_early, same, {ratio(scale(eighth), scale(same))}}, with_early);
  }

  Program p_;
  ValueId weights_ = 0, repeated_ = 0, hidden_ = 0, loss_ = 0, gradient_ = 0, next_ = 0;
};

/// Inputs of the step for so many images: magnitudes up to 1/2.
inline std::map<std::string, Bundle> step_inputs(std::uint32_t positions, std::size_t images) {
  std::map<std::string, Bundle> inputs;
  inputs["weights"] = Bundle(3 * std::size_t{positions}, images);
  inputs["data"] = Bundle(2 * std::size_t{positions}, images);
  double phase = 0;
  for (auto& [name, bundle] : inputs) {
    for (double& x : bundle.data) x = 0.5 * std::sin(phase += 0.37);
  }
  return inputs;
}

}  // namespace serdab::program::testing
