#include "networks/compiler/passes/merge_linear/merge_linear.h"

#include <algorithm>

namespace serdab::compiler {
namespace {

using packing::SparseMatrix;
using Term = Affine::Term;

/// Adds map·value to an Affine, to the term of that value if there is one.
void add_term(Affine& affine, ValueId from, SparseMatrix map) {
  for (Term& term : affine.terms) {
    if (term.from != from) continue;
    term.map = packing::sum(term.map, map);
    return;
  }
  affine.terms.push_back({from, std::move(map)});
}

const Term& term_of(const Affine& affine, ValueId value) {
  return *std::find_if(affine.terms.begin(), affine.terms.end(),
                       [&](const Term& term) { return term.from == value; });
}

std::size_t merged_nonzeros(const Term& outer, const Affine& inner) {
  std::size_t count = 0;
  for (const Term& term : inner.terms) count += packing::product_nonzeros(outer.map, term.map);
  return count;
}

class Merger {
 public:
  Merger(ArithmeticNetwork network, const MergeOptions& options)
      : network_(std::move(network)), options_(options), alive_(network_.steps.size(), true) {
    for (std::size_t i = 0; i < network_.steps.size(); ++i) {
      if (affine(i) != nullptr) total_ += static_cast<double>(affine(i)->nonzeros());
    }
  }

  ArithmeticNetwork run() {
    for (ValueId value = 1; value < network_.output(); ++value) consider(value);
    return compacted();
  }

 private:
  Affine* affine(std::size_t step) { return std::get_if<Affine>(&network_.steps[step].op); }

  /// Steps still alive that read the value.
  std::vector<std::size_t> readers(ValueId value) const {
    std::vector<std::size_t> result;
    for (std::size_t step = value; step < network_.steps.size(); ++step) {
      const auto inputs = inputs_of(network_.steps[step]);
      if (alive_[step] && std::count(inputs.begin(), inputs.end(), value) > 0)
        result.push_back(step);
    }
    return result;
  }

  void consider(ValueId value) {
    const Affine* inner = affine(value - 1);
    const auto reading = readers(value);
    if (reading.empty()) alive_[value - 1] = false;
    if (inner == nullptr) return;
    const bool only_affine = std::all_of(reading.begin(), reading.end(),
                                         [&](std::size_t step) { return affine(step) != nullptr; });
    if (!only_affine) {
      for (std::size_t step : reading) bypass_if_free(value, step);
      return;
    }
    std::size_t before = inner->nonzeros(), after = 0;
    for (std::size_t step : reading) {
      const Term& outer = term_of(*affine(step), value);
      before += outer.map.nonzeros();
      after += merged_nonzeros(outer, *inner);
    }
    const double allowed = std::max(options_.max_growth * static_cast<double>(before),
                                    static_cast<double>(before) + options_.level_worth * total_);
    if (static_cast<double>(after) > allowed) return;
    for (std::size_t step : reading) merge(value, step);
    alive_[value - 1] = false;
  }

  void bypass_if_free(ValueId value, std::size_t step) {
    if (affine(step) == nullptr) return;
    const Term& outer = term_of(*affine(step), value);
    if (merged_nonzeros(outer, *affine(value - 1)) <= outer.map.nonzeros()) merge(value, step);
  }

  /// Replaces the value in one reader by what it is made of.
  void merge(ValueId value, std::size_t step) {
    const Affine& inner = *affine(value - 1);
    Affine& outer = *affine(step);
    const auto at = std::find_if(outer.terms.begin(), outer.terms.end(),
                                 [&](const Term& term) { return term.from == value; });
    const SparseMatrix map = std::move(at->map);
    outer.terms.erase(at);
    const auto constant = packing::apply_map(map, inner.bias);
    for (std::size_t i = 0; i < constant.size(); ++i) outer.bias[i] += constant[i];
    for (const Term& term : inner.terms)
      add_term(outer, term.from, packing::product(map, term.map));
    auto& layers = network_.steps[step].layers;
    const auto& earlier = network_.steps[value - 1].layers;
    layers.insert(layers.begin(), earlier.begin(), earlier.end());
  }

  /// The steps still alive, values renumbered.
  ArithmeticNetwork compacted() {
    std::vector<ValueId> moved(network_.value_count(), 0);
    std::vector<Step> steps;
    for (std::size_t i = 0; i < network_.steps.size(); ++i) {
      if (!alive_[i]) continue;
      Step step = std::move(network_.steps[i]);
      if (auto* polynomial = std::get_if<Polynomial>(&step.op)) {
        polynomial->from = moved[polynomial->from];
      } else {
        for (Term& term : std::get<Affine>(step.op).terms) term.from = moved[term.from];
      }
      steps.push_back(std::move(step));
      moved[i + 1] = steps.size();
    }
    network_.steps = std::move(steps);
    return std::move(network_);
  }

  ArithmeticNetwork network_;
  const MergeOptions& options_;
  std::vector<bool> alive_;
  double total_ = 0.0;  ///< entries of the whole network before merging
};

}  // namespace

ArithmeticNetwork merge_linear(ArithmeticNetwork network, const MergeOptions& options) {
  ArithmeticNetwork merged = Merger(std::move(network), options).run();
  verify(merged);
  return merged;
}

}  // namespace serdab::compiler
