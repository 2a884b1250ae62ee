#include "networks/compiler/arithmetic_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/base/error.h"

namespace serdab::compiler {

std::size_t Affine::nonzeros() const {
  std::size_t count = 0;
  for (const Term& term : terms) count += term.map.nonzeros();
  return count;
}

std::size_t Polynomial::degree() const {
  std::size_t degree = 0;
  for (const auto& set : sets) degree = std::max(degree, set.empty() ? 0 : set.size() - 1);
  return degree;
}

std::vector<ValueId> inputs_of(const Step& step) {
  if (const auto* polynomial = std::get_if<Polynomial>(&step.op)) return {polynomial->from};
  std::vector<ValueId> result;
  for (const auto& term : std::get<Affine>(step.op).terms) result.push_back(term.from);
  return result;
}

std::vector<std::vector<std::size_t>> consumers(const ArithmeticNetwork& network) {
  std::vector<std::vector<std::size_t>> result(network.value_count());
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    for (ValueId from : inputs_of(network.steps[i])) result[from].push_back(i);
  }
  return result;
}

std::string value_name(const ArithmeticNetwork& network, ValueId value) {
  if (value == 0) return "input";
  return fmt::format("{}", fmt::join(network.steps[value - 1].layers, " + "));
}

std::vector<std::size_t> used_inputs(const ArithmeticNetwork& network) {
  std::vector<bool> used(network.size(0), network.steps.empty());
  for (const Step& step : network.steps) {
    if (const auto* polynomial = std::get_if<Polynomial>(&step.op)) {
      if (polynomial->from == 0) used.assign(used.size(), true);
      continue;
    }
    for (const auto& term : std::get<Affine>(step.op).terms) {
      if (term.from != 0) continue;
      for (std::uint32_t column : term.map.col) used[column] = true;
    }
  }
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) result.push_back(i);
  }
  return result;
}

namespace {

void check(bool condition, const char* message) {
  base::require(condition, base::ErrorCode::kInvalidArgument, message);
}

void verify_step(const ArithmeticNetwork& network, ValueId id, const Affine& affine) {
  const std::size_t outputs = network.size(id);
  check(affine.bias.size() == outputs, "needs one bias per output");
  check(std::all_of(affine.bias.begin(), affine.bias.end(),
                    [](double b) { return std::isfinite(b); }),
        "a bias is not finite");
  std::set<ValueId> seen;
  for (const auto& term : affine.terms) {
    check(term.from < id, "reads a value that is not defined yet");
    check(seen.insert(term.from).second, "names a value twice");
    check(term.map.rows == outputs, "a map has the wrong number of outputs");
    check(term.map.cols == network.size(term.from), "a map has the wrong number of inputs");
    packing::verify(term.map);
  }
}

void verify_step(const ArithmeticNetwork& network, ValueId id, const Polynomial& polynomial) {
  const std::size_t size = network.size(id);
  check(polynomial.from < id, "reads a value that is not defined yet");
  check(network.size(polynomial.from) == size, "changes the number of elements");
  check(!polynomial.sets.empty() && polynomial.degree() >= 2, "has a degree below 2");
  for (const auto& set : polynomial.sets) {
    check(!set.empty(), "has an empty coefficient set");
    check(std::all_of(set.begin(), set.end(), [](double c) { return std::isfinite(c); }),
          "a coefficient is not finite");
  }
  check(polynomial.set_of_element.empty() || polynomial.set_of_element.size() == size,
        "needs one coefficient set per element");
  for (std::uint32_t set : polynomial.set_of_element) {
    check(set < polynomial.sets.size(), "names a coefficient set it does not have");
  }
}

}  // namespace

void verify(const ArithmeticNetwork& network) {
  for (ValueId id = 1; id < network.value_count(); ++id) {
    try {
      std::visit([&](const auto& op) { verify_step(network, id, op); }, network.steps[id - 1].op);
    } catch (const base::Error& error) {
      base::fail(error.code(),
                 fmt::format("step {} ({}): {}", id - 1, value_name(network, id), error.what()));
    }
  }
}

}  // namespace serdab::compiler
